"""Reference embeddings of the families that run through candle-transformers: tiny models with random weights, made here.

    python make_families.py

Environment and outputs are those of make_golden.py.
"""

import torch
import transformers as hf
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from make_golden import HEADS, backend, fresh, modules, randomised, reference, trained, word_vocabulary

HIDDEN, INNER = 16, 32


def byte_level(name):
    """Byte-level BPE that ends every text with a token, as the tokenizers of Qwen's embedding models do."""
    folder = fresh(name)
    tokenizer = trained(models.BPE(), trainers.BpeTrainer(vocab_size=270, special_tokens=["<|endoftext|>"], show_progress=False,
                                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
                        pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC())
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <|endoftext|>", pair="$A $B <|endoftext|>",
                                                             special_tokens=[("<|endoftext|>", 0)])
    backend(tokenizer, folder, pad_token="<|endoftext|>", eos_token="<|endoftext|>", model_max_length=90)
    return folder, tokenizer.get_vocab_size()


def small(model, scale):
    """Random weights that keep a pre-norm model from saturating."""
    model = randomised(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def qwen3():
    """Grouped queries, heads wider than hidden size / heads, last token."""
    folder, vocabulary = byte_level("tiny-qwen3")
    config = hf.Qwen3Config(vocab_size=vocabulary, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2,
                            num_attention_heads=4, num_key_value_heads=2, head_dim=6, max_position_embeddings=96)
    small(hf.Qwen3Model(config), 0.7).save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "lasttoken"}), ("Normalize", None))
    reference("tiny-qwen3", folder)


def qwen2():
    """A checkpoint of a language model, one key for all queries, mean."""
    folder, vocabulary = byte_level("tiny-qwen2")
    config = hf.Qwen2Config(vocab_size=vocabulary, hidden_size=HIDDEN, intermediate_size=INNER, num_hidden_layers=2,
                            num_attention_heads=4, num_key_value_heads=1, max_position_embeddings=96, tie_word_embeddings=True)
    small(hf.Qwen2ForCausalLM(config), 0.7).save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "mean"}))
    reference("tiny-qwen2", folder)


def words(name, **special):
    folder = fresh(name)
    vocabulary = word_vocabulary()
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    backend(tokenizer, folder, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]", mask_token="[MASK]",
            model_max_length=150)
    return folder, len(vocabulary)


def deberta(name, description, **options):
    folder, vocabulary = words(name)
    config = hf.DebertaV2Config(vocab_size=vocabulary, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=HEADS,
                                intermediate_size=INNER, max_position_embeddings=160, relative_attention=True, **options)
    randomised(hf.DebertaV2Model(config)).save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": description}))
    reference(name, folder)


def deberta_v3():
    """As DeBERTa v3: log buckets, shared projections of positions, no absolute positions."""
    deberta("tiny-deberta-v3", "mean", position_buckets=8, norm_rel_ebd="layer_norm", share_att_key=True,
            pos_att_type="p2c|c2p", position_biased_input=False, type_vocab_size=0)


def deberta_v2():
    """The other branch of every option of the attention."""
    deberta("tiny-deberta-v2", "cls", position_buckets=-1, max_relative_positions=-1, share_att_key=False,
            pos_att_type=["c2p", "p2c"], position_biased_input=True, type_vocab_size=2)


def t5():
    """The encoder of a T5 with gated units, in a checkpoint of the whole model."""
    folder, vocabulary = words("tiny-t5")
    config = hf.T5Config(vocab_size=vocabulary, d_model=HIDDEN, d_kv=6, d_ff=INNER, num_layers=2, num_heads=HEADS,
                         relative_attention_num_buckets=8, relative_attention_max_distance=20, feed_forward_proj="gated-gelu")
    small(hf.T5ForConditionalGeneration(config), 0.7).save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "mean"}), ("Normalize", None))
    reference("tiny-t5", folder)


def nomic_bert():
    folder, vocabulary = words("tiny-nomic-bert")
    config = hf.NomicBertConfig(vocab_size=vocabulary, hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=HEADS,
                                intermediate_size=INNER, max_position_embeddings=160)
    randomised(hf.NomicBertModel(config)).save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "mean"}))
    reference("tiny-nomic-bert", folder)


if __name__ == "__main__":
    torch.manual_seed(20)
    for make in (qwen3, qwen2, deberta_v3, deberta_v2, t5, nomic_bert):
        make()
