"""What transformers makes of tokenizer files that disagree: token ids and embeddings of one tiny BERT under many of them.

    python make_tokenizers.py

Writes `tiny-tokens` (a cased tokenizer.json, a model with eight embeddings to spare) and `tokenizers.json`: for each case the files that
are put into a copy of that folder, or taken away by null, and the token ids and embeddings of the texts. Environment as for
make_golden.py.
"""

import json
import pathlib
import shutil
import tempfile

import torch
import transformers as hf
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from make_golden import HEADS, HERE, HIDDEN, INNER, fresh, modules, randomised, word_vocabulary, write

SPARE = 8
TEXTS = [
    "Mass: no evidence OF Malignancy",
    "café naïve Été, 患者右",
    "<drug>Aspirin <Drug> aspirin aspirins massive<drug>",
    "[CLS] no [MASK] mass <x> [SEP]",
]
FAST = {"tokenizer_class": "PreTrainedTokenizerFast"}
BERT = {"tokenizer_class": "BertTokenizer"}
NAMES = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": False, **flags}


def lowered(path):
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["normalizer"]["lowercase"] = True
    return tokenizer


def cases(folder):
    config = "tokenizer_config.json"
    lower = lowered(folder / "tokenizer.json")
    vocabulary = "\n".join(VOCABULARY) + "\n"
    drugs = {"<drug>": len(VOCABULARY), "Aspirin": len(VOCABULARY) + 1}
    return {
        "BERT asks for lower case": {config: {**BERT, **NAMES, "do_lower_case": True}},
        "BERT does not say": {config: {**BERT, **NAMES}},
        "BERT by the old name of its class": {config: {"tokenizer_class": "BertTokenizerFast", **NAMES}},
        "DistilBERT does not say": {config: {"tokenizer_class": "DistilBertTokenizer", **NAMES}},
        "MPNet asks for the case to stay": {config: {"tokenizer_class": "MPNetTokenizer", **NAMES, "do_lower_case": False}},
        "no class, so BERT's": {config: NAMES},
        "no configuration at all": {config: None},
        "BERT asks for the case to stay, the tokenizer lowers": {config: {**BERT, **NAMES, "do_lower_case": False}, "tokenizer.json": lower},
        "accents go, the case stays": {config: {**BERT, **NAMES, "do_lower_case": False, "strip_accents": True}},
        "accents stay, the case goes": {config: {**BERT, **NAMES, "do_lower_case": True, "strip_accents": False}},
        "Chinese characters stay together": {config: {**BERT, **NAMES, "tokenize_chinese_chars": False}},
        "a class that takes tokenizer.json as it is": {config: {**FAST, **NAMES, "do_lower_case": True}},
        "the same, and the tokenizer lowers": {config: {**FAST, **NAMES, "do_lower_case": False}, "tokenizer.json": lower},
        "added_tokens.json alone": {config: {**BERT, **NAMES}, "added_tokens.json": drugs},
        "added_tokens.json with a special token": {
            config: {**BERT, **NAMES}, "added_tokens.json": drugs,
            "special_tokens_map.json": {**NAMES, "additional_special_tokens": ["<drug>"]}},
        "added_tokens.json for any class": {config: {**FAST, **NAMES}, "added_tokens.json": drugs},
        "added_tokens_decoder alone": {config: {**BERT, **NAMES, "added_tokens_decoder": {
            str(len(VOCABULARY)): token("<drug>", special=True), str(len(VOCABULARY) + 1): token("aspirin", single_word=True, normalized=True)}}},
        "added_tokens_decoder with rules": {config: {**FAST, **NAMES, "added_tokens_decoder": {
            str(len(VOCABULARY)): token("<drug>", lstrip=True, rstrip=True), str(len(VOCABULARY) + 1): token("Aspirin", normalized=True)}}},
        "added_tokens_decoder with other ids": {config: {**FAST, **NAMES, "added_tokens_decoder": {
            str(len(VOCABULARY) + 4): token("<drug>"), str(len(VOCABULARY) + 2): token("Aspirin")}}},
        "added_tokens_decoder, and added_tokens.json is not read": {
            config: {**FAST, **NAMES, "added_tokens_decoder": {str(len(VOCABULARY)): token("<x>")}}, "added_tokens.json": drugs},
        "special_tokens_map.json alone": {
            config: FAST, "special_tokens_map.json": {**NAMES, "mask_token": token("[MASK]", lstrip=True), "eos_token": "<x>"}},
        "special_tokens_map.json over tokenizer_config.json": {
            config: {**FAST, **NAMES, "eos_token": "<drug>"}, "special_tokens_map.json": {"eos_token": "<x>"}},
        "extra special tokens": {config: {**FAST, **NAMES, "extra_special_tokens": ["<x>", "<drug>"]}},
        "additional special tokens": {config: {**BERT, **NAMES, "additional_special_tokens": ["<drug>", "<x>"]}},
        "vocab.txt and added_tokens.json": {
            config: {**BERT, **NAMES}, "tokenizer.json": None, "vocab.txt": vocabulary, "added_tokens.json": drugs},
        "vocab.txt and added_tokens_decoder": {
            config: {**BERT, **NAMES, "do_lower_case": False, "added_tokens_decoder": {str(len(VOCABULARY)): token("<drug>", special=True)}},
            "tokenizer.json": None, "vocab.txt": vocabulary},
    }


def base():
    folder = fresh("tiny-tokens")
    tokenizer = Tokenizer(models.WordPiece({text: i for i, text in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
                                                             special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.add_special_tokens(list(NAMES.values()))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = hf.BertConfig(vocab_size=len(VOCABULARY) + SPARE, hidden_size=HIDDEN, num_hidden_layers=1, num_attention_heads=HEADS,
                           intermediate_size=INNER, max_position_embeddings=64)
    randomised(hf.BertModel(config, add_pooling_layer=False)).save_pretrained(folder)
    write(folder, "sentence_bert_config.json", {"max_seq_length": 60, "do_lower_case": False})
    modules(folder, ("Pooling", {"embedding_dimension": HIDDEN, "pooling_mode": "mean"}))
    return folder


def answer(folder, files):
    with tempfile.TemporaryDirectory() as copy:
        copy = pathlib.Path(copy) / "model"
        shutil.copytree(folder, copy)
        for name, content in files.items():
            if content is None:
                (copy / name).unlink(missing_ok=True)
            else:
                text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
                (copy / name).write_text(text, encoding="utf-8")
        model = SentenceTransformer(str(copy), device="cpu", model_kwargs={"dtype": torch.float32})
        ids = [model.tokenizer(text)["input_ids"] for text in TEXTS]
        return ids, [[round(float(x), 7) for x in row] for row in model.encode(TEXTS)]


VOCABULARY = word_vocabulary() + ["Mass", "M", "É", "é", "##é", "ï", "##ï", "OF"]

if __name__ == "__main__":
    torch.manual_seed(20)
    folder = base()
    results = []
    for name, files in cases(folder).items():
        ids, embeddings = answer(folder, files)
        print(name, ids)
        results.append({"name": name, "files": files, "ids": ids, "embeddings": embeddings})
    lines = ",\n".join(json.dumps(result, ensure_ascii=False) for result in results)
    texts = json.dumps(TEXTS, ensure_ascii=False)
    (HERE / "tokenizers.json").write_text(f'{{"texts": {texts},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")
