"""Matrix factorizations of the package `implicit`, iALS and BPR: baselines of towers without content.

A user-track pair counts once, however often it was played. Both models are seeded and reproducible.
"""

from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from earshot.data.parallel import n_threads
from earshot.evaluation.full_ranking import Scores
from earshot.evaluation.queries import EvaluationQueries, plays_of

_IALS_ITERATIONS = 16
_BPR_EPOCHS = 60
_SEED = 7


def ials(eval_queries: EvaluationQueries, *, alpha: float, regularization: float, factors: int) -> Scores:
    r"""Implicit alternating least squares [1]_: an unplayed track is a weak "no", a played one a strong "yes".

    .. math:: \sum_{ui} c_{ui} (p_{ui} - x_u \cdot y_i)^2 + \lambda (\sum_u |x_u|^2 + \sum_i |y_i|^2)

    with :math:`c = \alpha` where :math:`p = 1`, else 1. User factors are solved for each history, so users that the
    training did not hold are recommended to like all others.

    Notes
    -----
    Rendle et al. [2]_ show that this needs tuning to be a baseline at all. Their weight of unplayed tracks is
    :math:`1 / \alpha`. Their :math:`\lambda` grows with how often a row occurs; that of `implicit` is one constant,
    so it is searched over more than one order of magnitude instead.

    References
    ----------
    .. [1] Hu, Koren, Volinsky. Collaborative Filtering for Implicit Feedback Datasets. ICDM 2008.
    .. [2] Rendle, Krichene, Zhang, Koren. Revisiting the Performance of iALS on Item Recommendation Benchmarks.
       2021. https://arxiv.org/abs/2110.14037
    """
    from implicit.cpu.als import AlternatingLeastSquares

    with _one_blas_thread():
        model = AlternatingLeastSquares(
            factors=factors, regularization=regularization, alpha=alpha,
            iterations=_IALS_ITERATIONS, num_threads=n_threads(), random_state=_SEED,
        )  # fmt: skip
        model.fit(plays_of(eval_queries.known), show_progress=False)

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        with _one_blas_thread():
            history = eval_queries.histories.matrix(start, stop)
            vectors = np.asarray(model.recalculate_user(np.arange(stop - start), history), dtype=np.float32)
        vectors[np.diff(history.indptr) == 0] = 0  # an empty history
        np.matmul(vectors, model.item_factors.T, out=out)

    return scores


def bpr(eval_queries: EvaluationQueries, *, regularization: float, learning_rate: float, factors: int) -> Scores:
    """Bayesian personalized ranking [1]_: played before unplayed, pair by pair, with a bias for each track.

    A user without training interactions has no factors, and gets popular tracks by their biases.

    Notes
    -----
    That of `implicit` is a weak rival, however it is tuned: RecBole's reaches a third more on the same data.

    References
    ----------
    .. [1] Rendle, Freudenthaler, Gantner, Schmidt-Thieme. BPR. UAI 2009. https://arxiv.org/abs/1205.2618
    """
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    with _one_blas_thread():
        model = BayesianPersonalizedRanking(
            factors=factors, regularization=regularization, learning_rate=learning_rate, iterations=_BPR_EPOCHS,
            num_threads=1, random_state=_SEED,  # threads that overwrite each other are not reproducible
        )  # fmt: skip
        model.fit(plays_of(eval_queries.known), show_progress=False)
    is_known = np.bincount(eval_queries.known.user_rows, minlength=eval_queries.known.n_users) > 0
    vectors = np.where(is_known[:, None], model.user_factors, np.float32(0))
    vectors[:, -1] = 1  # multiplies the track bias

    def scores(start: int, stop: int, out: np.ndarray) -> None:
        np.matmul(vectors[eval_queries.targets.user_rows[start:stop]], model.item_factors.T, out=out)

    return scores


def _one_blas_thread() -> AbstractContextManager[Any]:
    """Limit BLAS to one thread: `implicit` has its own, and those of BLAS below them only wait for each other."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, "blas")
