//! RNS-CKKS: parameters, keys, encryption, evaluation, files.
