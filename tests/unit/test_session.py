"""Laws of sessions: any call gets a sentence, from any thread; only what is not the agent's doing raises."""

import gc
import threading
import time

import pytest

from sandmle_gym.episode import make_options
from sandmle_gym.errors import SandboxError, UnknownNameError
from sandmle_gym.session import OVER, Session, choose, schemas

TASK = "task-042"


@pytest.fixture
def session():
    with Session(make_options(protocol="tools")) as made:
        yield made


def test_any_call_before_the_start_and_after_the_end_is_answered(session):
    assert session.act("ls") == OVER
    assert session.call("bash", {"command": "ls"}) == OVER
    assert (session.done, session.finish()) == (True, 0.0)
    session.start(TASK)
    session.call("submit", {})
    assert session.done
    assert session.call("submit", {}) == OVER
    assert session.finish() == session.reward == pytest.approx(0.1)
    session.close()
    assert session.call("bash", {"command": "ls"}) == OVER
    assert session.finish() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("bsh", {}, "Did you mean bash"),
        ("bash", {"cmd": "ls"}, "must be exactly"),
        ("bash", {"command": 3}, "must be a string"),
        ("bash", "{not json", "not valid JSON"),
        ("bash", [1], "must be exactly"),
        ("submit", {"path": "x"}, "must be exactly"),
    ],
)
def test_a_call_that_fits_nothing_is_answered_and_costs_a_turn_and_format(
    session, name, arguments, said
):
    session.start(TASK)
    assert said in session.call(name, arguments)
    assert (session.episode.info["turn"], session.episode.format_rate) == (1, 0.0)


def test_two_calls_at_once_are_played_one_after_the_other(session):
    session.start(TASK)
    command = {"command": "test -e busy && echo clash; touch busy; sleep 0.3; rm busy"}
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(session.call("bash", command)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["[no output]"] * 3


def test_a_close_or_a_new_start_waits_for_the_step_that_runs(session):
    session.start(TASK)
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(session.call("bash", {"command": "sleep 0.5; echo done"}))
    )
    thread.start()
    time.sleep(0.2)
    session.start(TASK)
    thread.join()
    assert answers == ["done"]
    assert session.episode.info["turn"] == 0


def test_a_session_that_nobody_holds_closes_itself():
    session = Session()
    session.start(TASK)
    session.act("ls")
    episode = session.episode
    del session
    gc.collect()
    assert episode.closed


def test_a_broken_sandbox_makes_the_episode_void_and_the_next_start_is_clean(session, monkeypatch):
    def broken(*_):
        raise SandboxError("gone")

    session.start(TASK)
    with monkeypatch.context() as patch:
        patch.setattr("sandmle_gym.episode.Episode.call", broken)
        with pytest.raises(SandboxError):
            session.call("bash", {"command": "ls"})
    assert (session.void, session.reward, session.finish()) == (True, None, None)
    session.start(TASK)
    assert session.reward == 0.0


def test_a_task_is_chosen_by_reference_or_by_its_place_in_a_split():
    assert choose("real/wine") == "real/wine"
    assert choose(None, None, 3) == choose("task-003")
    with pytest.raises(UnknownNameError, match="unknown split 'nothing'"):
        choose(None, "nothing", 0)


def test_an_unknown_task_is_the_callers_error(session):
    with pytest.raises(UnknownNameError):
        session.start("task-9999")


def test_schemas_have_one_function_per_tool():
    assert {schema["function"]["name"] for schema in schemas()} == {
        "bash",
        "python",
        "validate",
        "score",
        "submit",
    }


def test_an_abort_ends_the_step_that_is_running_and_no_other_is_played(session):
    session.abort()
    session.start(TASK)
    killer = threading.Timer(1.0, session.abort)
    killer.start()
    start = time.monotonic()
    session.call("bash", {"command": "sleep 60"})
    killer.join()
    assert time.monotonic() - start < 20
    assert session.episode.stop == "dead"
    assert session.call("bash", {"command": "ls"}) == OVER
    session.start(TASK)
    session.abort()
    assert session.call("bash", {"command": "ls"}) == OVER
