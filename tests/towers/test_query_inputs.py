"""Inputs of the query tower: users, histories and seeds by place, and codes of events by hand."""

from dataclasses import replace

import numpy as np

from earshot.towers.query_inputs import N_GAPS, N_PLAYS, event_codes, inputs_at
from tower_world import inputs_now, inputs_of_new_users, listening

HOUR, DAY = 3_600, 86_400
# User 0 plays 5, 6, 7, 8 on four days; user 1 plays 1 twice; user 2 plays nothing.
EVENTS = [(0, 5, DAY), (0, 6, 2 * DAY), (0, 7, 3 * DAY), (0, 8, 4 * DAY), (1, 1, 2 * DAY), (1, 1, 4 * DAY)]


def test_inputs_of_recommendations_are_the_latest_events():
    inputs, rows = inputs_now(listening(EVENTS, 3, 9), [0, 1, 2], 3, vector_rows=[0, -1, 2])
    named = np.append(rows, -1)
    assert named[inputs.history].tolist() == [[8, 7, 6], [1, 1, -1], [-1, -1, -1]]
    assert named[inputs.seeds].tolist() == [8, 1, -1]
    assert inputs.user_rows.tolist() == [0, -1, 2]  # 1 has no vector
    assert inputs.days.tolist() == [0, 0, 0]


def test_a_new_user_has_a_history_too():
    inputs, rows = inputs_of_new_users([[4, 2, 7], []], 2, n_tracks=9)
    named = np.append(rows, -1)
    assert named[inputs.history].tolist() == [[7, 2], [-1, -1]]
    assert named[inputs.seeds].tolist() == [7, -1] and inputs.user_rows.tolist() == [-1, -1]


def test_without_any_event_there_is_no_history():
    inputs, rows = inputs_of_new_users([[], []], 3, n_tracks=9)
    assert (inputs.history == -1).all() and inputs.history.shape == (2, 3) and len(rows) == 0
    assert inputs.seeds.tolist() == [-1, -1] and inputs.codes is None


def test_inputs_may_end_before_any_event():
    first, stop = np.array([0, 0, 4]), np.array([2, 0, 5])
    inputs, rows = inputs_at(listening(EVENTS, 3, 9), np.array([0, 0, 1]), first, stop, 2)
    named = np.append(rows, -1)
    assert named[inputs.history].tolist() == [[6, 5], [-1, -1], [1, -1]]
    assert named[inputs.seeds].tolist() == [6, -1, 1]


def test_without_times_there_are_neither_seeds_nor_codes():
    untimed = listening([(user, track, 0) for user, track, _ in EVENTS], 3, 9)
    inputs, _ = inputs_now(untimed, [0, 1], 3)
    assert (inputs.seeds == -1).all() and inputs.codes is None


def test_a_long_history_without_times_is_read_from_all_of_it():
    """Of a table in the order of plays, its end is what was played least."""
    table = listening([(0, track, 0) for track in range(40)] + [(1, track, 0) for track in range(3)], 2, 40)
    inputs, rows = inputs_now(table, [0, 1], 4)
    named = np.append(rows, -1)[inputs.history]
    assert named.tolist() == [[5, 15, 25, 35], [2, 1, 0, -1]]
    assert len(np.unique(inputs_now(table, [0], 39)[0].history)) == 39, "each event at most once"


def test_event_codes_by_hand():
    """User 0 plays a whole track, likes one an hour on, and plays 30 % of one a day on."""
    events = listening([(0, 1, DAY, 1.0), (0, 2, DAY + HOUR, 1.0), (0, 3, 2 * DAY, 0.3)], 1, 4)
    events = replace(events, kinds=np.array([0, 1, 0], dtype=np.uint8))
    codes = event_codes(events, np.array([[2, 1, 0]]), np.array([2]))
    # Back from the third event: 0 s, 23 h = 1,380 min and 1,440 min: 15 ln(1 + t) / ln(1 + a year) = 8.2 both.
    gaps, plays, kinds = codes % N_GAPS, codes // N_GAPS % N_PLAYS, codes // (N_GAPS * N_PLAYS)
    assert gaps.tolist() == [[0, 8, 8]]
    assert plays.tolist() == [[3, 0, 0]]  # between a quarter and a half
    assert kinds.tolist() == [[0, 1, 0]]
