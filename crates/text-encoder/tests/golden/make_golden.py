"""Reference embeddings for the tests, computed by sentence-transformers.

    python -m venv /tmp/golden
    /tmp/golden/bin/pip install -r requirements.txt
    /tmp/golden/bin/python make_golden.py [MINILM_FOLDER]

Writes, beside itself, `texts.json`, one folder for each tiny model (random weights, made here) and
`expected/<model>.safetensors` with one row of `embeddings` for each text. Nothing here is downloaded; the folder of
all-MiniLM-L6-v2 is what `cargo xtask fetch-model` unpacks.
"""

import json
import pathlib
import shutil
import sys

import torch
import transformers as hf
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as st
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

HERE = pathlib.Path(__file__).parent
MINILM = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parents[3] / "models" / "all-MiniLM-L6-v2"
HIDDEN, INNER, HEADS = 8, 16, 2

NOTE = (
    "Pt is a 67 y/o M w/ hx of COPD, HTN and T2DM presenting with three weeks of productive cough, night sweats "
    "and an unintentional weight loss of 7.5 kg. CT chest shows a 3.2 cm spiculated nodule in the right upper lobe "
    "with ipsilateral hilar lymphadenopathy; no pleural effusion. "
)
TEXTS = [
    "No evidence of malignancy.",
    "Mass in the left breast, biopsy pending.",
    "",
    " ",
    "a",
    "Sister had ovarian cancer at 45; the patient's own scan was clear.",
    "Überweisung wegen Verdachts auf Nierenzellkarzinom – Größe 4,2 cm (T1b).",
    "患者右肺上叶发现结节，建议三个月后复查。",
    "Доброкачественное образование щитовидной железы 🩺👍🏽",
    "cafe\u0301 na\u00efve \u00e9t\u00e9 \ufb01n \u2126 \u212b",
    "DISCHARGE SUMMARY:\r\n\tHemoglobin\u00a09.1 g/dL\u2028Platelets 88K\u200b!!!",
    "pneumonoultramicroscopicsilicovolcanoconiosis " + "x" * 130,
    "[CLS] literal [SEP] markers [MASK] and <pad> </s> tokens",
    NOTE + "Plan: PET-CT, bronchoscopy with EBUS.",
    NOTE * 8 + "The last words are beyond every limit.",
]


def reference(name, folder):
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    embeddings = model.encode(TEXTS, convert_to_tensor=True).contiguous()
    (HERE / "expected").mkdir(exist_ok=True)
    save_file({"embeddings": embeddings}, HERE / "expected" / f"{name}.safetensors")
    print(name, tuple(embeddings.shape), "max_seq_length", model.max_seq_length)


def fresh(name):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def randomised(model):
    """Weights large enough for attention and activations to matter."""
    generator = torch.Generator().manual_seed(20)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.7)
    return model.eval()


def modules(folder, *kinds):
    """Writes modules.json; each kind is (class, config or None)."""
    entries = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    for i, (kind, config) in enumerate(kinds, 1):
        path = f"{i}_{kind}"
        entries.append({"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"})
        if config is not None:
            write(folder, f"{path}/config.json", config)
    write(folder, "modules.json", entries)


def word_vocabulary():
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,;:'-!"
    pieces = ["the", "patient", "mass", "no", "evidence", "of", "malign", "##ancy", "##ing", "cancer", "患", "者", "右"]
    return special + list(letters) + [f"##{c}" for c in letters[:36]] + pieces


def backend(tokenizer, folder, **special):
    hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)


def bert():
    """vocab.txt alone, pytorch_model.bin with the names of 2019, flags of the old pooling schema."""
    folder = fresh("tiny-bert")
    vocabulary = word_vocabulary()
    config = hf.BertConfig(vocab_size=len(vocabulary), hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=HEADS,
                           intermediate_size=INNER, max_position_embeddings=64, hidden_act="gelu_new")
    model = randomised(hf.BertModel(config, add_pooling_layer=False))
    config.save_pretrained(folder)
    old = {"bert." + k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v
           for k, v in model.state_dict().items()}
    torch.save(old, folder / "pytorch_model.bin")
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    write(folder, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64})
    write(folder, "sentence_bert_config.json", {"max_seq_length": 48, "do_lower_case": False})
    modules(folder, ("Pooling", {"word_embedding_dimension": HIDDEN, "pooling_mode_cls_token": True,
                                 "pooling_mode_mean_tokens": False, "pooling_mode_max_tokens": False}))
    reference("tiny-bert", folder)


def distilbert():
    """Cased vocabulary with lower-casing asked for by sentence-transformers; two poolings side by side."""
    folder = fresh("tiny-distilbert")
    vocabulary = {token: i for i, token in enumerate(word_vocabulary())}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_truncation(7)
    tokenizer.enable_padding(length=16)
    backend(tokenizer, folder, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
            mask_token="[MASK]", model_max_length=512)
    config = hf.DistilBertConfig(vocab_size=len(vocabulary), dim=HIDDEN, n_layers=2, n_heads=HEADS, hidden_dim=INNER,
                                 max_position_embeddings=64)
    randomised(hf.DistilBertModel(config)).save_pretrained(folder)
    write(folder, "sentence_distilbert_config.json", {"max_seq_length": 60, "do_lower_case": True})
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": ["max", "mean"]}))
    reference("tiny-distilbert", folder)


def trained(model, trainer, pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(TEXTS, trainer)
    return tokenizer


def xlm_roberta():
    """Unigram tokenizer, positions behind the padding id, a dense module, normalisation."""
    folder = fresh("tiny-xlm-roberta")
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = trained(models.Unigram(), trainers.UnigramTrainer(vocab_size=150, special_tokens=special, unk_token="<unk>",
                                                                 show_progress=False),
                        pre_tokenizers.Metaspace(), normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]))
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
                                                             special_tokens=[("<s>", 0), ("</s>", 2)])
    backend(tokenizer, folder, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", unk_token="<unk>",
            pad_token="<pad>", mask_token="<mask>", model_max_length=90)
    config = hf.XLMRobertaConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=HIDDEN, num_hidden_layers=2,
                                 num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=92,
                                 type_vocab_size=1, layer_norm_eps=1e-5)
    randomised(hf.XLMRobertaModel(config, add_pooling_layer=False)).save_pretrained(folder)
    dense = {"in_features": HIDDEN, "out_features": 6, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}
    modules(folder, ("Pooling", {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True}), ("Dense", dense),
            ("Normalize", None))
    projection = randomised(st.Dense(HIDDEN, 6))
    save_file({k: v.contiguous() for k, v in projection.state_dict().items()}, folder / "2_Dense" / "model.safetensors")
    reference("tiny-xlm-roberta", folder)


def roberta():
    """Byte-level BPE, a checkpoint of a model with a head, in shards; mean over the root of the length, layer norm."""
    folder = fresh("tiny-roberta")
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = trained(models.BPE(), trainers.BpeTrainer(vocab_size=290, special_tokens=special, show_progress=False,
                                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
                        pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    backend(tokenizer, folder, bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", unk_token="<unk>",
            pad_token="<pad>", mask_token="<mask>", truncation_side="left", model_max_length=50)
    config = hf.RobertaConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=HIDDEN, num_hidden_layers=2,
                              num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=60,
                              type_vocab_size=1, hidden_act="relu")
    config.save_pretrained(folder)
    state = randomised(hf.RobertaForMaskedLM(config)).state_dict()
    names = sorted(k for k in state if k != "lm_head.decoder.weight")
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, keys in halves.items():
        save_file({k: state[k].contiguous() for k in keys}, folder / file, metadata={"format": "pt"})
    write(folder, "model.safetensors.index.json", {"metadata": {}, "weight_map": {k: f for f, ks in halves.items() for k in ks}})
    modules(folder, ("Pooling", {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": False,
                                 "pooling_mode_mean_sqrt_len_tokens": True}), ("LayerNorm", {"dimension": HIDDEN}))
    norm = randomised(st.LayerNorm(HIDDEN))
    save_file(dict(norm.state_dict()), folder / "2_LayerNorm" / "model.safetensors")
    reference("tiny-roberta", folder)


def mpnet():
    """Relative position bias over more than 128 tokens; a default prompt that is not pooled; truncated vectors."""
    folder = fresh("tiny-mpnet")
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] + word_vocabulary()
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=False)
    backend(tokenizer, folder, unk_token="<unk>", pad_token="<pad>", cls_token="<s>", sep_token="</s>", mask_token="<mask>",
            model_max_length=512)
    config = hf.MPNetConfig(vocab_size=len(vocabulary), hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=HEADS,
                            intermediate_size=INNER, max_position_embeddings=152)
    randomised(hf.MPNetModel(config, add_pooling_layer=False)).save_pretrained(folder)
    write(folder, "sentence_bert_config.json", {"max_seq_length": 150, "do_lower_case": False})
    write(folder, "config_sentence_transformers.json",
          {"prompts": {"query": "query: ", "note": "the patient: "}, "default_prompt_name": "note", "truncate_dim": 7})
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "weightedmean", "include_prompt": False}))
    reference("tiny-mpnet", folder)


def modernbert():
    """Weights in half precision, local attention narrower than the texts, last token."""
    folder = fresh("tiny-modernbert")
    special = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"]
    tokenizer = trained(models.BPE(), trainers.BpeTrainer(vocab_size=290, special_tokens=special, show_progress=False,
                                                          initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
                        pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC())
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
                                                             special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    backend(tokenizer, folder, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]",
            mask_token="[MASK]", model_max_length=8192)
    config = hf.ModernBertConfig(vocab_size=tokenizer.get_vocab_size(), hidden_size=HIDDEN, num_hidden_layers=5,
                                 num_attention_heads=HEADS, intermediate_size=INNER, max_position_embeddings=400,
                                 local_attention=10, pad_token_id=3, bos_token_id=1, eos_token_id=2, cls_token_id=1,
                                 sep_token_id=2)
    randomised(hf.ModernBertModel(config)).half().save_pretrained(folder)
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "lasttoken"}))
    reference("tiny-modernbert", folder)


def main():
    torch.manual_seed(20)
    write(HERE, "texts.json", TEXTS)
    for make in (bert, distilbert, xlm_roberta, roberta, mpnet, modernbert):
        make()
    reference("all-MiniLM-L6-v2", MINILM)


if __name__ == "__main__":
    main()
