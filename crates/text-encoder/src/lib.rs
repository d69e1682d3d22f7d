//! Frozen pretrained text encoders: text in, embeddings out.
