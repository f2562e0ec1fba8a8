//! The process contract of interop/README.md: configuration by PEER_* variables.

use libp2p::multiaddr::{Multiaddr, Protocol};
use std::env;
use std::error::Error;
use std::time::Duration;

pub struct Config {
    pub protocol: String,
    pub seed: Vec<u8>,
    pub listen: Option<Multiaddr>,
    pub dial: Vec<Multiaddr>,
    pub bits: u32,
    pub data_type: u64,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Config {
    pub fn read() -> Result<Self, Failure> {
        Ok(Config {
            protocol: env::var("PEER_PROTOCOL")?,
            seed: hex::decode(env::var("PEER_SEED")?)?,
            listen: list("PEER_LISTEN").first().map(|text| text.parse()).transpose()?,
            dial: list("PEER_DIAL")
                .iter()
                .map(|text| text.parse())
                .collect::<Result<_, _>>()?,
            bits: env::var("PEER_DIFFICULTY_BITS")?.parse()?,
            data_type: env::var("PEER_DATA_TYPE")?.parse()?,
        })
    }

    /// The TCP port it listens on, or 0.
    pub fn port(&self) -> u64 {
        let parts = self.listen.iter().flat_map(|address| address.iter());
        parts
            .into_iter()
            .find_map(|part| match part {
                Protocol::Tcp(port) => Some(port.into()),
                _ => None,
            })
            .unwrap_or(0)
    }
}

pub fn list(name: &str) -> Vec<String> {
    let text = env::var(name).unwrap_or_default();
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

pub fn timeout() -> Duration {
    let seconds = env::var("PEER_TIMEOUT")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(300);
    Duration::from_secs(seconds)
}
