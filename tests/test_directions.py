from __future__ import annotations

import pytest

from tuiflow.directions import lower_is_better

LOWER = """
    rmse MAE val_loss train/loss log_loss error_rate RMSE0 neural_loss accuracy_loss brier_score
    davies_bouldin_score negative_log_likelihood perplexity fit_seconds lr epoch unknown
"""
HIGHER = """
    acc accuracy val_accuracy valAcc top_5_accuracy AUC roc_auc f1 F1Score val/f1-macro precision@5
    recall_at_10 r2 val_r2 R2Score mAP mAP50 bleu mIoU ndcg@10 average_precision score best_score
    neg_mean_squared_error neg_log_loss log_likelihood explained_variance
"""


@pytest.mark.parametrize("metric", LOWER.split())
def test_lower_is_better(metric: str) -> None:
    assert lower_is_better(metric)


@pytest.mark.parametrize("metric", HIGHER.split())
def test_higher_is_better(metric: str) -> None:
    assert not lower_is_better(metric)
