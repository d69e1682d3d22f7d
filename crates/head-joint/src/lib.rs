//! One classification head on the data of several parties. None of them sees another's data, nobody holds the secret key, and the compute
//! party sees nothing.
//!
//! The parties agree on [`Terms`], which come from public samples. Each makes shares of the keys ([`first_share`]), encrypts its own samples
//! under the public key of all, and goes. The compute party trains as for one data party. Then each sends a share of the decryption of
//! the head. All in one process:
//!
//! ```no_run
//! use head_fit::{Classifier, Data};
//! use head_joint::{Choices, Terms, fit};
//! use fhe_head::{Scheme, ckks::presets};
//! # use ndarray::{Array1, Array2};
//! # fn main() -> head_joint::Result<()> {
//! # let table = |seed: usize, n: usize| {
//! #     let x = Array2::from_shape_fn((n, 4), |(i, j)| (((i + seed) * (j + 3) * 37 + j) % 101) as f64 / 50.0 - 1.0);
//! #     let y: Array1<f64> = x.rows().into_iter().map(|row| f64::from(u8::from(row[0] > row[1]))).collect();
//! #     (x, y)
//! # };
//! # let (public_x, public_y) = table(0, 200);
//! # let (x0, y0) = table(1000, 150);
//! # let (x1, y1) = table(5000, 90);
//! // from samples that anybody may see: method, feature map, noise
//! let scheme = Scheme::new(presets::joint(2)?);
//! let public = Classifier::default().prepare_on(&scheme, &Data::new(public_x.view(), public_y.view())?, None)?;
//! let terms = Terms::new(&public, &[150, 90], Choices::default())?;
//!
//! // two hospitals
//! let data = [Data::new(x0.view(), y0.view())?, Data::new(x1.view(), y1.view())?];
//! let fitted = fit(&terms, &data)?;
//! let classes = fitted.model.predict(&x0.view())?;
//! # Ok(())
//! # }
//! ```
//!
//! The parties apart: a [`DataParty`] goes through a session, from joining to its share of the decryption, and answers nothing twice; its page
//! has a session of three parties of whom two decrypt. Whoever adds and computes needs no secret: [`first_sum`], [`sum`], [`finish`],
//! [`Terms::release`], [`Terms::open`]. [`Comparison`] says what a party has of it.

mod agreement;
mod bound;
mod compare;
mod decrypt;
mod error;
mod fit;
mod keys;
mod notes;
mod own;
mod party;
mod set;
mod step;
mod sums;
mod terms;

pub use agreement::Agreement;
pub use ckks_threshold;
pub use compare::Comparison;
pub use error::{Error, Result};
pub use fit::{Fitted, fit};
pub use keys::{Finished, finish, first_share, keys_in_memory, sum};
pub use notes::{InMemory, Keep, Notes};
pub use party::{Committed, DataParty, Joining, common_randomness, first_sum};
pub use set::{DecryptingSet, expect_set};
pub use step::Step;
pub use sums::{SumsTerms, sums_in_memory};
pub use terms::{Agreed, Choices, Decryption, Terms, Weighting};
