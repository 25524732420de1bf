"""A policy of 0.4 million weights that a CPU trains in seconds: byte-level tokens, a Qwen template, warm-started.

The chat template is the text of a file in TRL's wheel, verbatim: TRL knows templates by equality.
"""

from pathlib import Path

import torch
import trl
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

TAGS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
OPENING = "<|im_start|>assistant\n"


def tiny_tokenizer(chats=(), tools=None, vocabulary=1200):
    """256 bytes, so that any text survives, and merges learned from some chats."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    if chats:
        plain = tiny_tokenizer()
        tokenizer.train_from_iterator(
            [plain.apply_chat_template(chat, tools=tools, tokenize=False) for chat in chats],
            trainers.BpeTrainer(
                vocab_size=vocabulary,
                initial_alphabet=alphabet,
                show_progress=False,
                min_frequency=2,
            ),
        )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    fast.add_tokens([AddedToken(tag, special=False, normalized=False) for tag in TAGS])
    folder = Path(trl.__file__).parent / "chat_templates"
    fast.chat_template = (folder / "qwen2_5.jinja").read_text()
    return fast


def tiny_model(tokenizer, hidden=128, positions=16384):
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
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def warm_start(model, tokenizer, chats, tools=None, steps=60):
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
    return float(loss)


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
