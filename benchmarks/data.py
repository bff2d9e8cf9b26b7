"""Runs to measure with: always the same for a number of runs, made while they are read.

Ten params (one of 1,000 values, one a sentence), ten metrics (one of ten values only, one with
NaN among its numbers) and a rare one, some tags, a note on each fiftieth run, and ten children
under each hundredth run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from tuiflow.entities import TAG_NOTE, TAG_PARENT, TAG_USER
from tuiflow.store.bulk import NewRun, Point

EXPERIMENTS = 12
CHILDREN = 10
FAMILY = 100
"""Runs from one parent to the next."""
FIRST_START = 1_700_000_000_000
RARE = 1000
"""The metric `test/bleu` is in one of so many runs, and so is the word `zebrafish` in a param."""
WORDS = (
    "adam anneal attention baseline batch bert bigger bottleneck cifar clip conv cosine crop cutmix"
    " decay deep dense distil drop early embed ensemble epoch fast fine flip focal freeze gate gelu"
    " global grid group head heavy hinge image jitter joint kernel label large layer lean light"
    " linear local long loss margin mask mean mix mlp mobile momentum narrow noise norm patch plain"
    " pool prune quant random relu residual resnet retry robust sample schedule seed self shallow"
    " sharp shift short skip slow small smooth sparse stack start stem step student swap swin"
    " teacher token transformer tuned unet vit warm wide window"
).split()


def experiment_names() -> list[str]:
    return [f"study-{number:02d}" for number in range(EXPERIMENTS)]


def runs(count: int, experiment_ids: list[str], seed: int = 7) -> Iterator[NewRun]:
    """`count` runs, oldest first, in the experiments that `experiment_names` names."""
    dice = random.Random(seed)
    grid = _Grid(dice)
    start = FIRST_START
    parent = ""
    for number in range(count):
        run_id = f"{dice.getrandbits(128):032x}"
        place = number % FAMILY
        if place == 0:
            parent = run_id
            home = experiment_ids[min(int(dice.expovariate(0.35)), len(experiment_ids) - 1)]
        # Some start in the same millisecond.
        start += int(dice.expovariate(1 / 20_000)) if dice.random() < 0.98 else 0
        length = int(dice.lognormvariate(12, 1.2))
        tags = {
            TAG_USER: dice.choice(grid.users),
            "mlflow.source.name": dice.choice(grid.scripts),
            "team": dice.choice(grid.teams),
        }
        if 0 < place <= CHILDREN:
            tags[TAG_PARENT] = parent
        if number % 50 == 7:
            tags[TAG_NOTE] = f"{grid.sentence(dice, 6)}. **Look again** at {run_id[:8]}."
        yield NewRun(
            run_id,
            home,
            f"{dice.choice(WORDS)}-{dice.choice(WORDS)}-{number % 1000}",
            tags[TAG_USER],
            start,
            start + length,
            dice.choices(("FINISHED", "FAILED", "KILLED"), (95, 4, 1))[0],
            metrics=_metrics(dice, start + length, number),
            params=_params(dice, grid, number),
            tags=tags,
        )


class _Grid:
    """Values that are tried."""

    def __init__(self, dice: random.Random) -> None:
        self.rates = [f"{10 ** dice.uniform(-5, -1):.6g}" for _ in range(400)]
        self.decays = [f"{10 ** dice.uniform(-6, -2):.3g}" for _ in range(100)]
        self.batches = [str(2**power) for power in range(3, 12)]
        self.dropouts = [f"{tenth / 100:g}" for tenth in range(0, 60, 5)]
        self.optimizers = ["adam", "adamw", "sgd", "lamb", "lion"]
        self.models = [f"{name}-{size}" for name in ("resnet", "vit", "mlp") for size in "sml"]
        self.seeds = [str(seed) for seed in range(1000)]
        self.users = [f"user{number}" for number in range(20)]
        self.scripts = [f"train_{name}.py" for name in ("image", "text", "tabular")]
        self.teams = ["vision", "language", "speech", "ranking", "forecast"]

    @staticmethod
    def sentence(dice: random.Random, words: int) -> str:
        return " ".join(dice.choices(WORDS, k=words))


def _params(dice: random.Random, grid: _Grid, number: int) -> dict[str, str]:
    about = grid.sentence(dice, 4)
    return {
        "lr": dice.choice(grid.rates),
        "weight_decay": dice.choice(grid.decays),
        "batch_size": dice.choice(grid.batches),
        "dropout": dice.choice(grid.dropouts),
        "depth": str(dice.randrange(2, 50)),
        "optimizer": dice.choice(grid.optimizers),
        "model": dice.choice(grid.models),
        "seed": dice.choice(grid.seeds),
        "width": str(64 * dice.randrange(1, 33)),
        "about": f"{about} zebrafish" if number % RARE == 500 else about,
    }


def _metrics(dice: random.Random, end: int, number: int) -> dict[str, tuple[Point]]:
    draw = dice.random
    train = -math.log(1 - draw()) / 2
    accuracy = 1 - draw() * draw()
    values = {
        "train/loss": train,
        "val/loss": train * (0.8 + draw()),
        "val/accuracy": accuracy,
        "val/f1": accuracy * (0.9 + draw() / 10),
        "val/auc": 0.5 + draw() / 2,
        "grad/norm": math.nan if draw() < 0.01 else 10 * draw(),
        "best/epoch": float(dice.randrange(10)),
        "time/epoch_s": 20 + 100 * draw(),
        "gpu/memory_gb": float(dice.randrange(4, 81)),
        "throughput": 1000 * draw(),
    }
    if number % RARE == 250:
        values["test/bleu"] = 40 * draw()
    return {name: ((100, end, value),) for name, value in values.items()}


def history(points: int) -> Iterator[Point]:
    """A metric with so many points."""
    for step in range(points):
        value = math.exp(-step / points) + math.sin(step) / 10
        yield step, FIRST_START + 40 * step, value
