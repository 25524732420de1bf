"""A task is certified only if every gate holds; each flaw is named by its gate."""

import csv
import io

import pytest

from sandmle_gym.certify import certify
from sandmle_gym.certify.measure import LADDER_GATES
from sandmle_gym.errors import UserError
from sandmle_gym.sandbox import ExecResult


def failed(bundle, backend, **options):
    return [gate.name for gate in certify(bundle, backend, **options).private.certificate.failures]


def gate(bundle, backend, name):
    gates = certify(bundle, backend).private.certificate.gates
    return next(gate for gate in gates if gate.name == name)


def table(data):
    return list(csv.reader(io.StringIO(data.decode())))


def written(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def test_a_good_task_is_certified_with_milestones_between_its_witnesses(good, replay):
    measured = certify(good, replay)
    certificate = measured.private.certificate
    assert certificate.certified, certificate.failures
    scores = {rung.tier: rung.score for rung in certificate.rungs}
    marks = measured.milestones
    assert scores["trivial"] == marks.trivial > marks.median > scores["competent"] > marks.bronze
    assert marks.bronze > scores["insight"] > marks.silver > scores["insights"] > marks.gold
    assert marks.gold > scores["expert"] >= marks.ceiling == scores["oracle"]
    assert 0 < certificate.standard_error < 0.1
    assert certificate.versions["numpy"]


def test_measuring_changes_nothing_that_a_digest_covers(good, replay):
    assert certify(good, replay).digest == good.digest


def test_measuring_twice_gives_the_same_figures(good, replay):
    assert certify(good, replay) == certify(good, replay)


def test_every_gate_is_in_a_certificate_and_once(good, replay):
    names = [gate.name for gate in certify(good, replay).private.certificate.gates]
    assert len(set(names)) == len(names) >= 17
    assert {gate.__name__ for gate in LADDER_GATES} < set(names)


def test_too_few_private_rows_are_named(toy, replay):
    assert "private_rows" in failed(toy(private=999), replay)


def test_a_missing_answer_is_named(good, edited, replay):
    broken = good.private.answers.rstrip(b"\n").rpartition(b",")[0] + b",nan\n"
    assert failed(edited(answers=broken), replay) == ["answers_complete"]


def test_an_undescribed_column_is_named(edited, replay):
    result = gate(
        edited({"description.md": b"train.csv test.csv id x1 x3 x4 y"}), replay, "files_described"
    )
    assert not result.passed
    assert "sample_submission.csv, x2" in result.detail


def test_a_test_row_in_train_is_named(good, edited, replay):
    test, train = table(good.public["test.csv"]), table(good.public["train.csv"])
    twin = [train[1][0], *test[1][1:], "0"]
    result = gate(edited({"train.csv": written([*train, twin])}), replay, "train_test_disjoint")
    assert not result.passed
    assert "1 of 1100" in result.detail


def test_ids_that_disagree_are_named(good, edited, replay):
    test, train = table(good.public["test.csv"]), table(good.public["train.csv"])
    shared = edited({"train.csv": written([*train, [*test[1], "0"]])})
    assert "train and test share ids" in gate(shared, replay, "files_agree").detail
    other = edited({"test.csv": written([test[0], ["zz", *test[1][1:]], *test[2:]])})
    assert "different ids" in gate(other, replay, "files_agree").detail
    unnamed = edited({"test.csv": written([["key", *test[0][1:]], *test[1:]])})
    assert "test.csv has no column 'id'" in gate(unnamed, replay, "files_agree").detail


@pytest.mark.parametrize("disguise", [lambda y: y, lambda y: f"{-3 * float(y) + 1:.9g}"])
def test_a_column_that_is_the_truth_is_named(good, edited, replay, disguise):
    truth = {row[0]: row[2] for row in table(good.private.answers)[1:]}
    header, *rows = table(good.public["test.csv"])
    leaky = written([[*header, "hint"], *([*row, disguise(truth[row[0]])] for row in rows)])
    result = gate(edited({"test.csv": leaky}), replay, "answers_not_public")
    assert not result.passed
    assert "test.csv:hint" in result.detail


def test_the_answers_file_among_the_public_ones_is_named(good, edited, replay):
    leaky = edited({"notes.txt": b"# " + good.private.answers})
    assert "answers_not_public" in failed(leaky, replay)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (ExecResult("exited", 1, b"Traceback\nKeyError: 'x9'\n"), "exit code 1: KeyError: 'x9'"),
        (ExecResult("timeout", None, b""), "timeout"),
        (None, "submission.csv: missing"),
        ("id,y\n", "no rows"),
    ],
)
def test_a_witness_that_leaves_no_valid_submission_is_named(good, replay, made, why):
    replay.corrupt = lambda source, run: made if run == 3 else source
    measured = certify(good, replay)
    (failure,) = measured.private.certificate.failures
    assert failure.name == "witnesses_run"
    assert failure.detail.startswith("insight: ")
    assert why in failure.detail
    assert measured.private.milestones is None


def test_witnesses_in_wrong_order_leave_no_milestones(good, edited, replay):
    swapped = dict(good.private.witnesses)
    swapped["insight"], swapped["insights"] = swapped["insights"], swapped["insight"]
    measured = certify(edited(witnesses=swapped), replay)
    assert "strictly_ordered" in [gate.name for gate in measured.private.certificate.failures]
    assert measured.private.milestones is None


def test_a_gap_within_noise_is_named(toy, replay):
    assert "gaps_exceed_noise" in failed(toy(weights=(2.0, 2.0, 0.01, 2.0)), replay)


def test_a_witness_above_the_oracle_is_named(good, edited, replay):
    worse = good.private.witnesses["insights"].encode()
    assert "below_bayes" in failed(edited(oracle=worse), replay)


def test_a_sample_submission_that_earns_median_is_named(good, edited, replay):
    handout = good.private.witnesses["insight"].encode()
    assert failed(edited({"sample_submission.csv": handout}), replay) == ["sample_earns_nothing"]


def test_an_invalid_sample_submission_is_named(good, edited, replay):
    short = b"\n".join(good.public["sample_submission.csv"].splitlines()[:-1])
    named = failed(edited({"sample_submission.csv": short}), replay)
    assert named == ["files_agree", "sample_earns_nothing"]


def test_a_witness_whose_score_overflows_is_named(good, replay):
    truth = table(good.private.answers)[1:]
    wild = written([["id", "y"], *([row[0], "1e308"] for row in truth)]).decode()
    replay.corrupt = lambda source, run: wild if run == 2 else source
    (failure,) = certify(good, replay).private.certificate.failures
    assert failure.name == "witnesses_run"
    assert "not a finite number" in failure.detail


def test_a_trivial_witness_worse_than_a_constant_is_named(good, edited, replay):
    truth = table(good.private.answers)
    far = written([["id", "y"], *([row[0], "25"] for row in truth[1:])]).decode()
    named = failed(edited(witnesses={**good.private.witnesses, "trivial": far}), replay)
    assert {"constants_earn_nothing", "sample_earns_nothing"} <= set(named)


def sorted_task(good, edited, *, rename):
    """The toy with test rows in order of their answers, or with ids that tell that order."""
    answers = table(good.private.answers)[1:]
    ranked = sorted(answers, key=lambda row: float(row[2]))
    names = {row[0]: f"{place:06d}" for place, row in enumerate(ranked)}
    new = (lambda name: names[name]) if rename else (lambda name: name)
    order = {row[0]: place for place, row in enumerate(ranked)}

    def again(data):
        head, *rows = table(data)
        rows = rows if rename else sorted(rows, key=lambda row: order.get(row[0], 0))
        return written([head, *([new(row[0]), *row[1:]] for row in rows)])

    public = {name: again(good.public[name]) for name in ("test.csv", "sample_submission.csv")}
    witnesses = {t: again(code.encode()).decode() for t, code in good.private.witnesses.items()}
    return edited(
        public,
        answers=again(good.private.answers),
        oracle=again(good.private.oracle),
        witnesses=witnesses,
    )


def test_test_rows_in_order_of_their_answers_are_named(good, edited, replay):
    assert failed(sorted_task(good, edited, rename=False), replay) == ["order_tells_nothing"]


def test_ids_that_tell_the_answer_are_named(good, edited, replay):
    named = failed(sorted_task(good, edited, rename=True), replay)
    assert named == ["answers_not_public", "ids_tell_nothing"]


def test_a_stochastic_witness_is_represented_by_its_median_seed(good, edited, replay):
    tiers = dict(good.private.witnesses)
    tiers["expert"] = "# stochastic: yes\n" + tiers["expert"]
    replay.corrupt = lambda source, run: source.removeprefix("# stochastic: yes\n")
    plain = certify(edited(witnesses=tiers), replay).private.certificate
    assert len(replay.runs) == 7
    assert [run[-2] for run in replay.runs] == list("0000012")

    replay.runs.clear()
    seen = {6: good.private.witnesses["insights"], 7: good.private.witnesses["expert"]}
    replay.corrupt = lambda source, run: seen.get(run, source.removeprefix("# stochastic: yes\n"))
    shaken = certify(edited(witnesses=tiers), replay).private.certificate
    assert shaken.rungs[4].score == plain.rungs[4].score
    assert [gate.name for gate in shaken.failures] == ["gaps_exceed_seeds"]


def test_an_early_stop_runs_no_second_seed_and_probes_nothing(toy, replay):
    bundle = toy(weights=(2.0, 2.0, 0.001, 2.0))
    bundle.private.witnesses["expert"] = "# stochastic: yes\n" + bundle.private.witnesses["expert"]
    replay.corrupt = lambda source, run: source.removeprefix("# stochastic: yes\n")
    names = failed(bundle, replay, stop_early=True)
    assert "gaps_exceed_noise" in names
    assert len(replay.runs) == 5


def test_a_file_gate_that_fails_stops_early_before_any_witness_runs(toy, replay):
    assert failed(toy(private=500), replay, stop_early=True) == ["private_rows"]
    assert replay.runs == []


def test_a_task_without_oracle_cannot_be_certified(edited, replay):
    with pytest.raises(UserError, match=r"real\.measure"):
        certify(edited(oracle=None), replay)


def test_an_invalid_oracle_is_our_own_error(edited, replay):
    with pytest.raises(UserError, match="oracle"):
        certify(edited(oracle=b"id,y\n"), replay)
