"""A policy of 0.2 million weights that a CPU trains in seconds."""

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

OPENING = "<|im_start|>assistant\n"


def tiny_model(tokenizer, hidden=64, positions=16384):
    torch.manual_seed(0)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=hidden // 4,
            max_position_embeddings=positions,
            tie_word_embeddings=True,
            # A window of attention: what was learned behind a short prompt holds behind a long one.
            use_sliding_window=True,
            sliding_window=64,
            max_window_layers=0,
            layer_types=["sliding_attention"] * 2,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def warm_start(model, tokenizer, chats, tools=None, steps=120):
    """Fit the assistant's turns of some chats, so that sampling really calls tools."""
    rows = [
        tokenizer.apply_chat_template(chat, tools=tools, tokenize=True, return_dict=False)
        for chat in chats
    ]
    longest = max(map(len, rows))
    inputs = torch.full((len(rows), longest), tokenizer.pad_token_id)
    labels = torch.full((len(rows), longest), -100)
    for number, row in enumerate(rows):
        inputs[number, : len(row)] = torch.tensor(row)
        for start, end in _assistant_spans(tokenizer, row):
            labels[number, start:end] = torch.tensor(row[start:end])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for _ in range(steps):
        mask = (inputs != tokenizer.pad_token_id).long()
        loss = model(input_ids=inputs, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


def _assistant_spans(tokenizer, row):
    opening = tokenizer(OPENING, add_special_tokens=False)["input_ids"]
    at = 0
    while at < len(row):
        if row[at : at + len(opening)] != opening:
            at += 1
            continue
        start = at + len(opening)
        end = row.index(tokenizer.eos_token_id, start) + 1
        yield start, end
        at = end
