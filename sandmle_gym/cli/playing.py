"""Commands that play episodes: run, play, grade."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sandmle_gym.agents import agent_names, script
from sandmle_gym.catalogue import Task, open_task
from sandmle_gym.cli.console import (
    console,
    errors,
    print_json,
    print_outcome,
    print_task,
    print_turn,
)
from sandmle_gym.cli.options import AsJson, Reference, Sandbox
from sandmle_gym.env import SandMLEEnv
from sandmle_gym.episode import Episode, make_options
from sandmle_gym.errors import UserError
from sandmle_gym.grading import get_grader
from sandmle_gym.metrics import get_metric
from sandmle_gym.rewards import get_reward
from sandmle_gym.sandbox import Fetched

Feedback = Annotated[str, typer.Option(help="What `score` answers: public, none or paper.")]
RewardName = Annotated[str, typer.Option("--reward", help="paper, release, sparse or score.")]


def run(
    task: Reference,
    agent: Annotated[str, typer.Option(help=f"One of {', '.join(agent_names())}.")] = "expert",
    sandbox: Sandbox = "auto",
    feedback: Feedback = "public",
    reward: RewardName = "paper",
    as_json: AsJson = False,
) -> None:
    """Play one episode with a scripted agent and show all of it."""
    opened = _open(task)
    actions = script(agent, opened)
    env = SandMLEEnv(task=task, sandbox=sandbox, feedback=feedback, reward=reward)
    try:
        env.reset()
        assert env.episode is not None
        if not as_json:
            print_task(opened)
        for action in actions:
            env.step(action)
            if not as_json:
                print_turn(len(env.episode.transcript), env.episode.transcript[-1])
        _conclude(opened, env.episode, as_json)
    finally:
        env.close()


def play(task: Reference, sandbox: Sandbox = "auto", feedback: Feedback = "public") -> None:
    """Play an episode yourself: type shell commands, ```python blocks, validate, score, submit."""
    opened = _open(task)
    episode = Episode(opened, make_options(sandbox=sandbox, feedback=feedback))
    try:
        print_task(opened)
        console.print(
            "\nType a command; a ```python block or a <<EOF heredoc may span lines. "
            "`submit` ends the episode, Ctrl-D leaves.\n",
            style="dim",
        )
        for action in _typed_actions():
            episode.act(action)
            console.print(_observation(episode))
            if episode.done:
                break
        _conclude(opened, episode, as_json=False)
    finally:
        episode.close()


def grade(
    task: Reference,
    submission: Annotated[Path, typer.Argument(help="The CSV file to grade.")],
    reward: RewardName = "paper",
    as_json: AsJson = False,
) -> None:
    """Grade a submission file on the private rows; exit status 1 if it is not valid."""
    opened = _open(task)
    schema = opened.bundle.brief.submission
    graded = get_grader().grade(opened.bundle, _read(submission, schema.max_bytes))
    metric = get_metric(opened.bundle.brief.metric)
    paid = get_reward(reward)(graded, opened.bundle.milestones, metric, 1.0)
    if as_json:
        print_json(
            {
                "task": opened.reference,
                "valid": graded.valid,
                "score": graded.score,
                "medal": graded.medal,
                "problem": graded.problem,
                "message": graded.message,
                "reward": paid.total,
                "milestones": opened.bundle.milestones.model_dump(),
            }
        )
    else:
        from sandmle_gym.episode import Outcome

        print_outcome(opened, Outcome(graded, paid))
    raise typer.Exit(0 if graded.valid else 1)


COMMANDS = (run, play, grade)


def _open(reference: str) -> Task:
    with errors.status(f"opening {reference} …"):
        return open_task(reference)


def _conclude(task: Task, episode: Episode, as_json: bool) -> None:
    outcome = episode.finish()
    if not as_json:
        print_outcome(task, outcome)
        return
    turns = [
        {
            "action": turn.action,
            "tool": turn.call.name if turn.call else None,
            "observation": turn.observation,
            "seconds": turn.seconds,
        }
        for turn in episode.transcript
    ]
    info = episode.info
    info["score"], info["beaten"] = outcome.grade.score, outcome.grade.beaten
    print_json({**info, "reward": outcome.reward.total, "prompt": episode.prompt, "turns": turns})


def _observation(episode: Episode) -> str:
    from rich.markup import escape

    from sandmle_gym.view import printable

    return escape(printable(episode.transcript[-1].observation))


def _typed_actions() -> Iterator[str]:
    """Read actions from the terminal: a line, or a fence or heredoc up to its end."""
    while True:
        try:
            action = console.input("[bold green]›[/] ")
            if closing := _closing_line(action):
                while (line := console.input("[dim]…[/] ")) != closing:
                    action += f"\n{line}"
                action += f"\n{closing}"
        except EOFError:
            console.print()
            return
        if action.strip():
            yield action


def _closing_line(action: str) -> str | None:
    if action.startswith("```"):
        return "```"
    heredoc = re.search(r"<<-?\s*['\"]?(\w+)['\"]?\s*$", action)
    return heredoc[1] if heredoc else None


def _read(path: Path, max_bytes: int) -> Fetched:
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    return Fetched(None, "too_large") if len(data) > max_bytes else Fetched(data)
