"""Laws of an episode: limits, feedback, what is graded, what is said."""

import re

import pytest

from sandmle_gym.observations import clip, round_to_error
from sandmle_gym.protocols import ToolCall

COPY = "cp sample_submission.csv submission.csv"


def expert(task):
    return f"```python\n{task.witness('expert')}\n```"


def test_the_experts_program_earns_gold_and_the_whole_paper_reward(play, task):
    episode = play(expert(task), "submit")
    assert episode.outcome.grade.medal == "gold"
    assert episode.outcome.reward.total == pytest.approx(1.0)
    assert episode.terminated
    assert not episode.truncated


def test_the_sample_submission_is_valid_and_below_median(play):
    grade = play(COPY, "submit").outcome.grade
    assert grade.valid
    assert grade.medal == "none"


def test_a_copy_of_a_public_file_can_be_written_to(play):
    episode = play(f"{COPY} && echo more >> submission.csv")
    assert episode.transcript[0].observation == "[no output]"


def test_the_last_action_is_graded_when_actions_run_out(play):
    episode = play("ls", COPY, limits={"turns": 2})
    assert episode.truncated
    assert episode.outcome.grade.valid
    assert "no actions left" in episode.transcript[-1].observation


def test_time_that_runs_out_ends_the_episode_with_what_lies_there(play):
    episode = play(f"{COPY}; sleep 30", limits={"episode_seconds": 1.0})
    assert episode.truncated
    assert episode.outcome.grade.valid


def test_a_command_beyond_its_time_is_killed_and_the_episode_goes_on(play):
    episode = play("sleep 30", "echo alive", limits={"step_seconds": 0.5})
    assert "killed" in episode.transcript[0].observation
    assert episode.transcript[1].observation == "alive"
    assert not episode.done


def test_score_answers_a_few_times_on_public_rows_only(play, task):
    episode = play(expert(task), *["score"] * 6, limits={"score_calls": 5})
    answers = [turn.observation for turn in episode.transcript[1:]]
    assert all("public rows" in answer for answer in answers[:5])
    assert len({re.sub(r"left: \d", "", answer) for answer in answers[:5]}) == 1
    assert "No calls" in answers[5]
    private = episode.finish().grade.score
    shown = re.search(r"rows: (\S+) ", answers[0])[1]
    assert float(shown) != private
    assert len(shown) < len(repr(private))


def test_an_invalid_submission_costs_no_call_of_score(play):
    episode = play("echo nonsense > submission.csv", "score")
    assert episode.info["score_calls_left"] == episode.options.limits.score_calls


def test_no_feedback_means_format_only(play):
    episode = play(COPY, "score", feedback="none")
    assert not re.search(r"\d\.\d", episode.transcript[-1].observation)


def test_the_papers_feedback_tells_score_and_milestones_without_end(play, task):
    episode = play(COPY, *["score"] * 7, feedback="paper")
    assert f"{task.bundle.milestones.gold:.6g}" in episode.transcript[-1].observation


def test_files_persist_and_shell_state_does_not(play):
    episode = play("echo 1 > kept; cd /tmp; export LOST=1", 'pwd; cat kept; echo "[$LOST]"')
    assert episode.transcript[-1].observation.splitlines()[1:] == ["1", "[]"]


@pytest.mark.parametrize(("state", "last"), [("fresh", "NameError"), ("persistent", "41")])
def test_python_keeps_its_variables_only_when_asked_to(play, state, last):
    episode = play("```python\nx = 41\n```", "```python\nprint(x)\n```", python_state=state)
    assert last in episode.transcript[-1].observation


def test_an_action_that_is_not_understood_costs_a_turn_and_format(play):
    episode = play("look at the data", "<think>a</think><answer>x</answer>", protocol="react")
    assert episode.format_rate == 0.5
    assert episode.outcome.reward.parts["format"] == pytest.approx(0.05)


def test_tool_calls_and_text_play_the_same_episode(play):
    by_text = play("echo hello", "validate")
    by_call = play()
    by_call.call(ToolCall("bash", "echo hello"))
    by_call.call(ToolCall("validate"))
    assert [t.observation for t in by_text.transcript] == [
        t.observation for t in by_call.transcript
    ]


def test_a_long_output_keeps_head_and_tail_and_says_what_is_cut(play):
    observation = play("seq 100000", limits={"output_chars": 400}).transcript[0].observation
    assert observation.startswith("1\n2\n")
    assert observation.endswith("100000")
    assert "cut" in observation
    assert len(observation) < 500


def test_binary_output_becomes_text(play):
    assert play("printf '\\377\\000ok'").transcript[0].observation.endswith("ok")


def test_the_prompt_names_files_metric_and_limits(task, play):
    prompt = play(limits={"turns": 7}).prompt
    assert "7 actions" in prompt
    assert all(name in prompt for name in task.bundle.public if name != "description.md")


def test_a_function_may_be_the_reward(play):
    episode = play(COPY, "submit", reward=lambda grade, *_: 0.25 if grade.valid else 0.0)
    assert episode.outcome.reward.total == 0.25


@pytest.mark.parametrize(
    ("score", "error", "shown"),
    [
        (0.81234, 0.013, "0.81"),
        (0.81234, 0.0013, "0.812"),
        (1234.5, 37.0, "1230"),
        (0.5, None, "0.5"),
    ],
)
def test_a_public_score_is_rounded_where_its_error_begins(score, error, shown):
    assert round_to_error(score, error) == shown


def test_clipping_counts_what_it_drops():
    assert clip("abcdef", "", 0, 6) == "abcdef"
    assert "about 94 characters" in clip("a" * 100, "", 0, 6)
    assert clip("a" * 10, "b" * 10, 1000, 6).startswith("aaa\n")
