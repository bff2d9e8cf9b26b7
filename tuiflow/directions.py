"""Which way a metric is better, told by its name. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HIGHER = frozenset(
    # classification
    "acc accuracy auc auroc auprc aucpr ap map recall precision sensitivity specificity"
    " tpr tnr ppv npv f fbeta fscore mcc kappa informedness top1 top5 hit hits"
    # regression and correlation
    " r2 explained evs corr correlation pearson pearsonr spearman spearmanr"
    " kendall"
    # ranking, overlap, text and signals
    " ndcg mrr iou miou jaccard dice bleu rouge meteor cider chrf psnr ssim snr"
    # clustering
    " silhouette ari nmi ami homogeneity completeness calinski"
    # general
    " reward rewards return returns gain lift likelihood loglik elbo"
    " throughput speedup".split()
)
_LOWER = frozenset(
    "loss error err mse rmse mae mape smape msle rmsle medae brier logloss nll perplexity ppl"
    " bpc wer cer ter fid hinge deviance aic bic davies time latency seconds fpr fnr".split()
)
_GENERIC = frozenset(("score", "scores"))  # says little: `brier_score`, `davies_bouldin_score`
_SEGMENT = re.compile(r"[A-Za-z]+\d*")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*")


def lower_is_better(metric: str) -> bool:
    """True unless the name says that higher is better (`accuracy`, `val/f1`, `neg_log_loss`)."""
    told = told_direction(metric)
    return told is None or told


def direction(metric: str, said: Mapping[str, bool]) -> bool | None:
    """True where lower is better: by `said`, what somebody has told, else as the name says."""
    return said[metric] if metric in said else told_direction(metric)


def told_direction(metric: str) -> bool | None:
    """True where the name says that lower is better, False for higher, None where it says nothing.

    Of the words in the name the last one that says anything decides, so that `r2_loss` is a loss.
    scikit-learn's `neg_…` scorers are negated, whatever follows.
    """
    words = _words(metric)
    if "neg" in words:
        return False
    if "negative" in words and "likelihood" in words:
        return True
    for word in reversed(words):
        if word in _HIGHER:
            return False
        if word in _LOWER:
            return True
    return None if _GENERIC.isdisjoint(words) else False


def _words(metric: str) -> list[str]:
    """Words in lower case, `mIoU` and `valAcc` taken whole or apart, whichever says something."""
    words: list[str] = []
    for segment in _SEGMENT.findall(metric):
        whole = [_without_number(segment)]
        known = whole[0] in _HIGHER or whole[0] in _LOWER
        words += whole if known else [_without_number(part) for part in _CAMEL.findall(segment)]
    return words


def _without_number(word: str) -> str:
    """`mAP50` is `map`, but `r2` stays."""
    lower = word.lower()
    return lower if lower in _HIGHER else lower.rstrip("0123456789")
