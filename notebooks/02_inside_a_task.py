# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Inside a task
#
# The first notebook played an episode. This one opens two tasks from behind: what an agent sees, the world
# that it never sees, the programs that prove the task, the ladder of their scores, the gates that let it
# into the suite, and the stream that it was drawn from.

# %%
import io

import gymnasium as gym
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import Code, Markdown, display

import sandmle_gym

gym.register_envs(sandmle_gym)

bays = sandmle_gym.tasks(modality="tabular", card="greenhouse-tomatoes", metric="mae")
oranges = sandmle_gym.tasks(modality="image", card="orange-grading")
table, pictures = (sandmle_gym.open_task(found[0].reference) for found in (bays, oranges))
for task in (table, pictures):
    print(f"{task.reference}: {task.bundle.brief.title} ({task.bundle.brief.metric.name})")

# %% [markdown]
# Some names for later: colours, and two functions.

# %%
BLUE, GREEN, BROWN, GREY, PALE = "#0969da", "#1a7f37", "#bc6c25", "#6e7781", "#d0d7de"
plt.rcParams |= {"axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 10}


def target_of(task):
    """Name the column to be predicted."""
    return task.bundle.brief.submission.columns[0]


def rows(head, *body):
    """Show rows as a table; cells may hold Markdown."""
    lines = [head, [":---"] * len(head), *body]
    return Markdown("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))


# %% [markdown]
# ## What the agent sees
#
# A folder. Its `description.md` is the statement, and an episode begins with it. What practitioners say
# there is true and useful, but never names the rule.

# %%
statement = table.bundle.public["description.md"].decode()
Markdown("---\n\n##" + statement.replace("\n#", "\n###") + "\n---")

# %%
pd.read_csv(table.public_folder / "train.csv").head(4).T

# %% [markdown]
# The second task is made of files: its table names one picture per row.

# %%
train = pd.read_csv(pictures.public_folder / "train.csv")
train.head(4)


# %%
def strip(names):
    """Put pictures side by side."""
    shown = [plt.imread(pictures.public_folder / name) for name in names]
    return np.hstack([np.pad(p, ((2, 2), (2, 2), (0, 0)), constant_values=1) for p in shown])


grades = train.groupby(target_of(pictures))["image"]
figure, axes = plt.subplots(len(grades), figsize=(6, 3.6), layout="constrained")
for axis, (grade, names) in zip(axes, grades, strict=True):
    axis.imshow(strip(names[:7]))
    axis.set_title(f"{target_of(pictures)} {grade}", loc="left", pad=2)
    axis.axis("off")

# %% [markdown]
# ## What it never sees: the recipe
#
# A *seed card* gives the words and the ranges of a kind of task, and its *family* knows what can be hidden
# there. This is what is to be discovered, and what to stumble over. None of it enters a sandbox.

# %%
from sandmle_gym.catalogue import card
from sandmle_gym.families.registry import get_family

for task in (table, pictures):
    seed_card = card(task.bundle.brief.card)
    hidden = get_family(seed_card.family).insights(seed_card)
    display(rows(("where", "kind", f"what is hidden in *{seed_card.title}*"), *hidden))

# %% [markdown]
# One task has some of these. Its knobs share out a *skill budget*: the target follows a hidden number, and
# each part of that number takes another skill to find. So how far each skill gets is decided before any data
# are drawn.


# %%
def budget(task):
    """Return name, share and colour of every part of the hidden number."""
    knobs = task.bundle.private.spec.knobs
    if "parts" in knobs:  # pictures: factors, each with a role
        colours = {"plain": PALE, "curved": BROWN, "insight": GREEN}
        parts = sorted(knobs["parts"]["latent"], key=lambda part: [*colours].index(part["role"]))
        return [(part["factor"], part["share"], colours[part["role"]]) for part in parts]
    parts = [("plain columns", knobs["linear_share"], PALE)]
    for what, colour in (("block", BROWN), ("unit", GREEN)):
        shares = zip(knobs[f"{what}s"], knobs[f"{what}_shares"], strict=True)
        parts += [(part["kind"], share, colour) for part, share in shares]
    return parts


figure, axis = plt.subplots(figsize=(8, 2), layout="constrained")
for task in (pictures, table):
    left, noise = 0, task.bundle.private.spec.knobs["noise"]
    for name, share, colour in budget(task):
        bar = axis.barh(f"{task.reference}\nand {noise:.0%} noise", share, 0.7, left, color=colour)
        ink = "black" if colour is PALE else "white"
        axis.bar_label(bar, [f"{name}\n{share:.0%}"], label_type="center", color=ink, fontsize=8)
        bar[0].set_edgecolor("white")
        left += share
axis.set(xlim=(0, 1), xticks=[])
axis.spines[:].set_visible(False)
skills = {"any model finds it": PALE, "takes the right form": BROWN, "takes an insight": GREEN}
squares = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in skills.values()]
figure.legend(squares, skills, loc="outside upper center", ncols=3, frameon=False)
plt.show()

# %% [markdown]
# ## One insight, made visible
#
# The stored programs (*witnesses*) of the tiers `competent` and `insight` differ by one insight and nothing
# else. We run both in the sandbox up to the point where they fit, and compare what they would fit on.

# %%
from sandmle_gym.sandbox import get_backend
from sandmle_gym.storage import public_root

backend = get_backend("auto", public_root=public_root())


def before_fit(task, tier, frame):
    """Run a witness up to its fit; return a frame that it has built, the rows of test.csv only."""
    program = task.witness(tier).split("# fit and decide")[0]
    program += f'pd.DataFrame({frame}).tail(len(test)).to_csv("built.csv", index=False)\n'
    with backend.open(task.public_folder) as sandbox:
        ran = sandbox.run("python", program, seconds=60)
        assert ran.ok, ran.head.decode()
        return pd.read_csv(io.BytesIO(sandbox.get("built.csv", max_bytes=2**24).data))


def truth(task):
    """Return the test rows with the hidden target, which only graders have."""
    answers = pd.read_csv(io.BytesIO(task.bundle.private.answers)).drop(columns="part")
    return pd.read_csv(task.public_folder / "test.csv").merge(answers)


# %%
raw, built = (before_fit(table, tier, "both") for tier in ("competent", "insight"))
same = [name for name in raw if name in built and raw[name].equals(built[name])]
raw, built = raw.drop(columns=same), built.drop(columns=same)
print("before:", ", ".join(raw), "\nafter: ", ", ".join(built))

# %%
target = truth(table)[target_of(table)]
few = [name for name in raw if raw[name].nunique() < 60]
groups = raw[few[0]] if few and len(raw.columns) > 1 else pd.Series("all rows", raw.index)
tints = dict(zip(groups.value_counts().index, (BLUE, BROWN, GREEN), strict=False))
panels = [("before", raw[name]) for name in raw if name != groups.name]
panels += [("after", built[name]) for name in built]

figure, axes = plt.subplots(1, len(panels), figsize=(8, 3.2), sharey=True, layout="constrained")
for axis, (when, x) in zip(axes, panels, strict=True):
    if not pd.api.types.is_numeric_dtype(x):  # words, as a model takes them
        x = x.astype("category").cat.codes.rename(f"{x.name}, by alphabet")
    axis.scatter(x, target, s=5, color=PALE)
    for name, tint in tints.items():
        axis.scatter(x[groups == name], target[groups == name], s=5, color=tint, label=name)
    axis.set(title=f"{when}: correlation {target.corr(x):.2f}", xlabel=x.name)
    axis.set_xscale("log" if x.min() > 0 and x.max() > 99 * x.min() else "linear")
axes[0].set_ylabel(target_of(table))
axes[-1].legend(title=groups.name, markerscale=3, frameon=False)
plt.show()

# %% [markdown]
# For the pictures, the insight is a measurement. The rows show test pictures where it comes out small,
# middling and large.

# %%
measured = before_fit(pictures, "insight", "features").iloc[:, -1]
shown = truth(pictures).assign(measured=measured).sort_values("measured")
middle = len(shown) // 2
some = {"small": shown[:7], "middling": shown[middle - 3 : middle + 4], "large": shown[-7:]}

figure = plt.figure(figsize=(8, 3.2), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(2.2, 1))
for axis, (size, part) in zip(left.subplots(3), some.items(), strict=True):
    axis.imshow(strip(part["image"]))
    axis.set_title(size, loc="left", pad=2)
    axis.axis("off")
axis = right.subplots()
shown.boxplot("measured", by=target_of(pictures), ax=axis, grid=False, color=BLUE, sym=".")
right.suptitle("")
correlation = shown["measured"].corr(shown[target_of(pictures)])
axis.set(title=f"correlation {correlation:.2f}", ylabel="measured")
plt.show()

factor = next(name for name, _, colour in budget(pictures) if colour is GREEN)
print("Measured is", get_family(pictures.bundle.brief.family).factors[factor])

# %% [markdown]
# ## The witnesses
#
# Every task holds five programs, from the best guess that looks at no feature up to an expert who knows the
# form of the hidden number. They are plain Python and stand on their own. Shown here, without their
# functions, are the lines of each tier that the one below does not have.

# %%
from sandmle_gym.bundle import TIERS


def steps(task):
    """Return what each witness does that the one below does not."""
    below, text = [], []
    for tier in TIERS:
        program = task.witness(tier)
        body = program[program.index("\ntrain, test = ") + 1 :].splitlines()
        text += [f"#### {tier}", *(line for line in body if line not in below), ""]
        below = body
    return Code("\n".join(text), language="python")


steps(table)

# %%
steps(pictures)

# %% [markdown]
# They are no better off than an agent: here they are played as actions of an episode.

# %%
played = []
for task in (table, pictures):
    env = gym.make(f"SandMLE/{task.reference}")
    for tier in TIERS:
        env.reset(seed=0)
        env.step(f"```python\n{task.witness(tier)}\n```")
        _, reward, _, _, info = env.step("submit")
        score = f"{info['score']:.4g}"
        played.append((task.reference, tier, score, info["medal"], f"{reward:.2f}"))
    env.close()
rows(("task", "witness", "private score", "medal", "reward"), *played)

# %% [markdown]
# ## The ladder
#
# `certify` does the same with several seeds, and resamples the hidden rows to learn how sure each step is. A
# milestone stands midway between two witnesses. The bars are two standard errors of the step up from the rung
# below: a bar that stays clear of the line below it is a step that was not luck. The dots are the task's
# leaderboard, plain pipelines that know nothing of the recipe; the worst stand at the edge.

# %%
from sandmle_gym.certify import certify

certificates = [certify(task.bundle, backend).private.certificate for task in (table, pictures)]

# %%
MILESTONES = {"median": GREY, "bronze": BROWN, "silver": "#57606a", "gold": "#9a6700"}


def ladder(axis, task, rungs):
    """Plot a ladder; better is to the right, whatever the metric's direction."""
    scores = np.array([rung.score for rung in rungs])
    in_errors = [rung.gap_se or np.inf for rung in rungs]
    bars = 2 * np.abs(np.diff(scores, prepend=scores[0])) / in_errors
    axis.errorbar(scores, range(len(rungs)), xerr=bars, fmt="o-", color=BLUE, capsize=3)
    for name, colour in MILESTONES.items():
        value = getattr(task.bundle.milestones, name)
        axis.axvline(value, color=colour, linestyle="--", linewidth=1)
        axis.text(value, len(rungs) - 0.4, name, color=colour, ha="center", fontsize=8)
    board = task.bundle.private.leaderboard
    plain = np.array([board[name] for name in board if name not in TIERS])
    margin = 0.07 * (scores[-1] - scores[0])
    edges = scores[0] - margin, scores[-1] + margin
    axis.plot(
        plain.clip(min(edges), max(edges)), [-1] * len(plain), "o", color=GREY, alpha=0.5, ms=4
    )
    axis.set_yticks(range(-1, len(rungs)), ["leaderboard", *(rung.tier for rung in rungs)])
    axis.set(xlim=edges, xlabel=f"{task.bundle.brief.metric.name} of {task.reference}")


figure, axes = plt.subplots(2, figsize=(8, 6.4), layout="constrained")
for axis, task, certificate in zip(axes, (table, pictures), certificates, strict=True):
    ladder(axis, task, certificate.rungs)
plt.show()

# %% [markdown]
# ## The gates
#
# A draw becomes a task only if every gate holds; else it is thrown away, and the next attempt is drawn.

# %%
gates = [
    (gate.name.replace("_", " "), "holds" if gate.passed else "**fails**", gate.detail)
    for gate in certificates[0].gates
]
rows(("gate", "", f"figures of {table.reference}"), *gates)

# %% [markdown]
# ## Other tasks of the same card
#
# A card is a stream without end. The next draw that is no frozen task is certified now, which takes seconds,
# and then kept on this machine. `gym.make("SandMLE/greenhouse-tomatoes-v0")` plays such draws.

# %%
bays = sandmle_gym.tasks(card="greenhouse-tomatoes", order="difficulty")
following = sandmle_gym.open_task(f"greenhouse-tomatoes#{len(bays)}")


def kinds(task, what):
    """Name what a recipe holds."""
    return ", ".join(part["kind"] for part in task.bundle.private.spec.knobs[what]) or "none"


made = [
    (task.reference, task.bundle.brief.title, kinds(task, "units"), kinds(task, "traps"))
    for task in (table, following)
]
rows(("task", "title", "insights", "traps"), *made)

# %% [markdown]
# Some frozen tasks of the card, from easy to hard as measured. *Skill* is the share of the way from the best
# blind guess to the best possible score, so it compares tasks of different metrics. Difficulty is 1 minus the
# mean skill of `competent`, `insight` and `expert`; a level is a quarter of the suite.

# %%
chosen = [bays[k] for k in np.unique(np.linspace(0, len(bays) - 1, 8).astype(int))]

figure, axes = plt.subplots(2, 4, figsize=(8, 3.6), sharex=True, sharey=True, layout="constrained")
for axis in axes.flat[len(chosen) :]:
    axis.set_visible(False)
for axis, facts in zip(axes.flat, chosen, strict=False):
    rungs = sandmle_gym.open_task(facts.reference).bundle.private.certificate.rungs
    blind, best = rungs[0].score, rungs[-1].score
    skills = {rung.tier: (rung.score - blind) / (best - blind) for rung in rungs[1:-1]}
    axis.barh(list(skills), list(skills.values()), color=[PALE, GREEN, GREEN, BROWN])
    axis.set_title(
        f"{facts.reference}, {facts.metric}\n{facts.level}, {facts.difficulty:.2f}", fontsize=8
    )
    axis.set_xlim(0, 1)
figure.supxlabel("skill", fontsize=10)
plt.show()

# %% [markdown]
# ## Where to go on
#
# * [`envs/README.md`](../envs/README.md) is the index of the cards; each has a page for people with its
#   insights, and `envs/gallery.html` shows what the data of every modality look like.
# * `sandmle show task-007` and `sandmle certify task-007` do in a shell what was done here; `sandmle stats`
#   reports on the suite as a whole.
# * `sandmle_gym.tasks(split=…, modality=…, level=…, order="difficulty")` picks tasks, for a curriculum say.
# * `sandmle new my-task --from-csv data.csv --target y --metric roc_auc` makes a task of a table of yours.
# * A new kind of task is one file in `sandmle_gym/families`: the hidden world, its insights, its witnesses.
