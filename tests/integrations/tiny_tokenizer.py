"""A byte-level tokenizer with a chat template that has tools, made in milliseconds, without a hub."""

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TAGS = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")


def tiny_tokenizer(chats=(), tools=None, vocabulary=2000):
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
    fast.chat_template = (Path(__file__).parent / "qwen2_5.jinja").read_text()
    return fast
