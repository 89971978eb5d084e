"""Many logistic regressions on the same rows, each with its own targets, solved together."""

import numpy as np

from ...datasets.arrays import CSR, DoubleArray, FloatArray, LongArray
from ...datasets.progress import Progress, count_progress, ignore_progress
from ..sparse_rows import binarise

_NUMBERS = 1 << 22  # numbers of one work array
_STEPS = 50  # Newton steps; quadratic convergence needs about ten
_TOLERANCE = 1e-9  # largest change of a coefficient in the last step
_HALVINGS = 30  # of a step that does not lower the loss
_INTERCEPT = 1e-6  # penalty that keeps the intercept finite where every target is 1


def fit_logistic_regressions(
    positives: CSR, points: DoubleArray, penalty: float, progress: Progress = ignore_progress
) -> FloatArray:
    """Return the L2-penalised maximum likelihood solution of each row, to machine precision.

    Minimises the sum over all points of the logistic loss plus ``penalty / 2`` times the squared
    coefficients, by Newton's method with halved steps. Rows do not influence each other.

    Parameters
    ----------
    positives
        CSR (rows, points): stored entries are the points with target 1, all others have 0.
    points
        float64 (points, d).
    penalty
        Positive; the intercept is free.
    progress
        Told how many blocks of rows are solved.

    Returns
    -------
    float32 (rows, d + 1), the intercept last; a row without positives is zero.
    """
    wide = np.column_stack([points, np.ones(len(points))])
    found = np.zeros((positives.shape[0], wide.shape[1]), dtype=np.float32)
    solved = np.flatnonzero(np.diff(positives.indptr))
    step = max(1, _NUMBERS // max(1, len(wide), wide.shape[1] ** 2))
    for at in count_progress(range(0, len(solved), step), progress, "block of users"):
        rows = solved[at : at + step]
        found[rows] = _Block(wide, binarise(positives[rows]) @ wide, penalty).solve()
    return found


class _Block:
    """Some of the regressions; ``sums`` float64 (rows, d + 1) adds up each one's positives."""

    def __init__(self, points: DoubleArray, sums: DoubleArray, penalty: float) -> None:
        self.points, self.sums = points, sums
        self.penalty = np.full(points.shape[1], penalty)
        self.penalty[-1] = _INTERCEPT

    def solve(self) -> DoubleArray:
        """Return float64 (rows, d + 1)."""
        # Start from the intercept alone, whose solution is the log odds of the positives' share,
        # with half a count added so that it is finite.
        share = (self.sums[:, -1] + 0.5) / (len(self.points) + 1)
        found = np.zeros(self.sums.shape)
        found[:, -1] = np.log(share / (1 - share))
        active = np.arange(len(found))
        for _ in range(_STEPS):
            if not len(active):
                break
            step = self._step(active, found[active])
            found[active] = self._lower(active, found[active], step)
            active = active[np.abs(step).max(axis=1) > _TOLERANCE]
        return found

    def _step(self, rows: LongArray, at: DoubleArray) -> DoubleArray:
        """Return Newton's step of each row."""
        from scipy.special import expit

        # Gradient X'(p - y) + Lambda w; y enters by ``sums`` = X'y alone, made once. Hessian
        # X' diag(p (1 - p)) X + Lambda.
        probability = expit(at @ self.points.T)
        gradient = probability @ self.points - self.sums[rows] + self.penalty * at
        probability *= 1 - probability
        return -np.linalg.solve(self._curvature(probability), gradient[:, :, None])[:, :, 0]

    def _curvature(self, spread: DoubleArray) -> DoubleArray:
        """Return float64 (rows, d + 1, d + 1): the second derivatives.

        They are sums of outer products of points, so one matrix product serves all rows; single
        precision there costs a little speed of convergence and nothing of the solution.
        """
        width = self.points.shape[1]
        # H_u = sum over points i of s_ui x_i x_i': flattened, (users, points) x (points, pairs of
        # columns), only the upper half of which is needed. The step is Newton's up to a small
        # relative error, and the gradient, which decides where it ends, is in double precision.
        first, second = np.triu_indices(width)
        points = self.points.astype(np.float32)
        total = np.zeros((len(spread), len(first)))
        step = max(1, _NUMBERS // len(first))
        for at in range(0, len(points), step):
            part = points[at : at + step]
            outer = part[:, first] * part[:, second]
            total += spread[:, at : at + step].astype(np.float32) @ outer
        curvature = np.empty((len(spread), width, width))
        curvature[:, first, second] = total
        curvature[:, second, first] = total
        curvature[:, np.arange(width), np.arange(width)] += self.penalty
        return curvature

    def _lower(self, rows: LongArray, at: DoubleArray, step: DoubleArray) -> DoubleArray:
        """Return where the steps lead, each halved until its row's loss is not a higher."""
        length = np.ones(len(rows))
        bound = self._loss(rows, at)
        bound += 1e-12 * np.abs(bound)  # near the solution the loss is flat to rounding
        short = np.arange(len(rows))
        for _ in range(_HALVINGS):
            tried = at[short] + length[short, None] * step[short]
            short = short[~(self._loss(rows[short], tried) <= bound[short])]
            if not len(short):
                break
            length[short] /= 2
        moved: DoubleArray = at + length[:, None] * step
        return moved

    def _loss(self, rows: LongArray, at: DoubleArray) -> DoubleArray:
        # -sum of y log p + (1 - y) log(1 - p) = sum of log(1 + e^z) - y z, without overflow.
        fit = np.logaddexp(0, at @ self.points.T).sum(axis=1) - (at * self.sums[rows]).sum(axis=1)
        loss: DoubleArray = fit + 0.5 * (at * at) @ self.penalty
        return loss
