//! Who may do what from outside: tokens of users, secret keys of backends.
//!
//! A user's token is a JWT that the backend of an app signs, or that we sign for it with the one key of the app in the
//! data folder. The algorithm belongs to the key and never comes from the token.

pub mod api_secret;
pub mod claims;
pub mod entropy;
pub mod key_ring;
pub mod minter;
pub mod provider;
pub mod public_key;
pub mod signing_key;

#[cfg(test)]
mod token_tests;
