"""Laws of every adapter: the same agent sees the same, earns the same, and nothing stays behind."""

import threading

import pytest
from integrations.harness import (
    SCRIPT,
    TASKS,
    TrainerCrashError,
    agent,
    crashing_agent,
    driver,
    driver_names,
    expected,
    left_behind,
    processes,
)

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]

NAMES = driver_names()


@pytest.fixture
def baseline():
    """The processes that are there once the sandbox and the grader are warm."""
    for task in TASKS[:2]:
        expected(task)
    return processes()


@pytest.mark.parametrize("name", NAMES)
def test_an_adapter_shows_and_pays_what_the_episode_does_and_leaves_nothing(name, baseline):
    play = driver(name).play
    play(TASKS[0], agent())  # libraries start pools of their own
    before = processes()
    for task in TASKS:
        assert play(task, agent()).matches(expected(task))
    assert not left_behind(before | baseline)


@pytest.mark.parametrize("name", NAMES)
def test_a_trainer_that_crashes_mid_episode_leaves_nothing(name, baseline):
    play = driver(name).play
    play(TASKS[0], agent())
    before = processes()
    with pytest.raises(TrainerCrashError):
        play(TASKS[1], crashing_agent())
    assert not left_behind(before | baseline)
    assert play(TASKS[1], agent()).matches(expected(TASKS[1]))


@pytest.mark.parametrize("name", NAMES)
def test_two_adapters_in_one_process_do_not_disturb_each_other(name, baseline):
    """Each plays beside the plainest one, call by call in turns."""
    play, other = driver(name).play, driver("gymnasium").play
    turn = threading.Barrier(2, timeout=60)
    played = {}

    def in_turns():
        for call in SCRIPT:
            turn.wait()
            yield call

    threads = [
        threading.Thread(target=lambda: played.update(other=other(TASKS[1], in_turns()))),
        threading.Thread(target=lambda: played.update(this=play(TASKS[0], in_turns()))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert played["this"].matches(expected(TASKS[0]))
    assert played["other"].matches(expected(TASKS[1]))
