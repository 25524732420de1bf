"""Laws of the verl agent loop: only the policy's tokens are trained on, and no time-outs."""

import pytest

pytest.importorskip("verl")

from integrations.drivers.verl import observations, run, tokenizer
from integrations.harness import SCRIPT, TASKS, agent, as_text

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]


def test_the_mask_is_one_exactly_on_what_the_policy_wrote():
    output = run(TASKS[0], agent())
    kept = [t for t, m in zip(output.response_ids, output.response_mask, strict=True) if m]
    text = tokenizer().decode(kept)
    assert text.split("<|im_end|>")[:-1] == [as_text(call) for call in SCRIPT]
    assert "<tool_response>" not in text
    assert len(observations(output)) >= len(SCRIPT) - 1


def test_an_episode_out_of_time_is_not_trained_on():
    loop = {
        "_target_": "sandmle_gym.integrations.verl.SandMLEAgentLoop",
        "options": {"limits": {"episode_seconds": 0.3}},
    }
    output = run(TASKS[0], iter([("bash", {"command": "sleep 2"})]), loop)
    assert output.extra_fields["stop"] == "time"
    assert not any(output.response_mask)


def test_a_message_without_a_call_ends_the_episode_and_what_lies_there_is_graded():
    from integrations.drivers import verl as driver

    class Talking(driver.ScriptedServer):
        async def generate(self, request_id, *, prompt_ids, sampling_params, **_):
            ids = tokenizer()("Done.<|im_end|>", add_special_tokens=False)["input_ids"]
            return driver.TokenOutput(token_ids=ids, log_probs=[-0.1] * len(ids))

    before, driver.ScriptedServer = driver.ScriptedServer, Talking
    try:
        output = run(TASKS[0], agent())
    finally:
        driver.ScriptedServer = before
    assert (output.reward_score, output.extra_fields["stop"]) == (0.0, "caller")
