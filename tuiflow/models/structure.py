"""Check the insides of a model read from a skops file before it may predict.

scikit-learn's compiled code follows the node numbers of trees without looking whether they lead
anywhere, so that a damaged or hostile file could crash the process or read foreign memory. This
looks once, when the model is loaded. It is no proof of harmlessness: see docs/models.md.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from tuiflow.errors import ModelError

_LEAVES = (str, bytes, int, float, complex, type, ModuleType, FunctionType, BuiltinFunctionType)
_TREE = "a tree in it points outside itself"
_NEIGHBOURS = "a neighbour tree in it points outside itself"
_ENSEMBLE = "its trees don't belong together"


def check(model: Any) -> None:
    """Raise ModelError where a tree within `model` points outside itself."""
    for part in _parts(model):
        try:
            _check_part(part)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ModelError(f"The model is damaged: {type(part).__name__} is odd.") from error


def _check_part(part: Any) -> None:
    name = f"{type(part).__module__}.{type(part).__name__}"
    if name == "sklearn.tree._tree.Tree":
        _check_tree(part)
    elif name.endswith("._hist_gradient_boosting.predictor.TreePredictor"):
        _check_predictor(part)
    elif name.startswith(("sklearn.neighbors._kd_tree.", "sklearn.neighbors._ball_tree.")):
        _check_binary_tree(part)
    elif name.startswith("sklearn."):
        _check_estimator(part)


def _parts(model: Any) -> Iterator[Any]:
    """Every object reachable from `model`, each once, without classes, functions and scalars."""
    import numpy as np

    seen = {id(model)}
    # Holding on to what was seen keeps ids from being used twice.
    found = [model]
    for item in found:
        yield item
        if isinstance(item, np.ndarray):
            # Arrays don't tell the garbage collector what they refer to.
            inner = item.ravel().tolist() if item.dtype == object else []
        else:
            inner = gc.get_referents(item)
        for part in inner:
            if part is not None and not isinstance(part, _LEAVES) and id(part) not in seen:
                seen.add(id(part))
                found.append(part)


def _check_tree(tree: Any) -> None:
    import numpy as np

    # First, since the arrays below are as long as the file says the tree is.
    _require(0 < tree.node_count <= tree.capacity, _TREE)
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    own = np.arange(len(left))
    leaf = left == -1
    # A child is always stored after its parent, which also rules out going round in circles.
    ahead = (left > own) & (left < len(own)) & (right > own) & (right < len(own))
    known = (feature >= 0) & (feature < tree.n_features)
    _require(bool(np.all(leaf | (ahead & known))), _TREE)


def _check_predictor(predictor: Any) -> None:
    import numpy as np

    nodes = predictor.nodes
    _require(isinstance(nodes, np.ndarray) and nodes.ndim == 1 and len(nodes) > 0, _TREE)
    own = np.arange(len(nodes))
    leaf = nodes["is_leaf"].astype(bool)
    left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
    ahead = (left > own) & (left < len(own)) & (right > own) & (right < len(own))
    categories = np.asarray(predictor.raw_left_cat_bitsets)
    known = (nodes["is_categorical"] == 0) | (nodes["bitset_idx"] < len(categories))
    _require(categories.ndim == 2 and (len(categories) == 0 or categories.shape[1] == 8), _TREE)
    _require(bool(np.all(leaf | (ahead & known & (nodes["feature_idx"] >= 0)))), _TREE)


def _check_binary_tree(tree: Any) -> None:
    import numpy as np

    data, index, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    count = len(data)
    _require(data.ndim == 2 and index.shape == (count,) and count > 0, _NEIGHBOURS)
    _require(bool(np.all((index >= 0) & (index < count))), _NEIGHBOURS)
    start, end = nodes["idx_start"], nodes["idx_end"]
    inner = nodes["is_leaf"] == 0
    _require(bool(np.all((start >= 0) & (start <= end) & (end <= count))), _NEIGHBOURS)
    # Node i's children are 2i+1 and 2i+2.
    _require(bool(np.all(2 * np.flatnonzero(inner) + 2 < len(nodes))), _NEIGHBOURS)
    _require(bounds.ndim == 3 and bounds.shape[1:] == (len(nodes), data.shape[1]), _NEIGHBOURS)


def _check_estimator(estimator: Any) -> None:
    """An estimator hands its trees rows as wide as it was fitted for, unchecked by them."""
    import numpy as np

    state = getattr(estimator, "__dict__", {})
    width = state.get("n_features_in_")
    if not isinstance(width, int | np.integer):
        return
    tree = state.get("tree_")
    if tree is not None:
        _require(getattr(tree, "n_features", width) == width, _TREE)
    stages = state.get("_predictors")
    if stages is not None:
        for predictor in (p for stage in stages for p in stage if hasattr(p, "nodes")):
            inner = predictor.nodes["is_leaf"] == 0
            _require(bool(np.all(predictor.nodes["feature_idx"][inner] < width)), _TREE)
        per_stage = state.get("n_trees_per_iteration_")
        _require(all(len(stage) == per_stage for stage in stages), _ENSEMBLE)
    members = state.get("estimators_")
    if isinstance(members, np.ndarray) and members.ndim == 2:
        _require(members.shape[1] == state.get("n_trees_per_iteration_"), _ENSEMBLE)
        for member in members.ravel().tolist():
            _require(getattr(getattr(member, "tree_", None), "n_features", None) == width, _TREE)
    elif type(estimator).__module__ == "sklearn.ensemble._forest" and members is not None:
        for member in members:
            _require(getattr(getattr(member, "tree_", None), "n_features", None) == width, _TREE)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ModelError(f"The model is damaged: {otherwise}.")
