//! Training of classification heads on encrypted embeddings.
