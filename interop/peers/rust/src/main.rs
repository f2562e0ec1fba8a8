//! A peer in Rust on rust-libp2p, under the process contract of interop/README.md.

mod contract;
mod cup2py;
mod envelope;
mod frames;
mod gossip;
mod host;
mod kad;
mod message_vectors;
mod proof;
mod users;
mod vectors;

use contract::Config;
use serde_json::Value;
use std::env;
use std::error::Error;
use std::io::Read;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let code = match run().await {
        Ok(report) => {
            println!("{report}");
            0
        }
        Err(error) => {
            eprintln!("{error}");
            1
        }
    };
    // a thread that looks for a proof would hold the process
    std::process::exit(code)
}

async fn run() -> Result<Value, Box<dyn Error + Send + Sync>> {
    match env::var("PEER_TASK")?.as_str() {
        "vectors" => vectors::verify(&contract::list("PEER_VECTORS")),
        "peer" if env::var("PEER_PROTOCOL")? == "/hearsay/cup2py/1.0.0" => {
            let key = cup2py::private_key(&std::fs::read_to_string(env::var("PEER_KEY")?)?)?;
            let search = env::var("PEER_SEARCH").ok().filter(|hash| !hash.is_empty());
            let users = users::Users::start(Config::read()?, key, search)?;
            until_told().await?;
            Ok(users.report())
        }
        "kad" => {
            let steps = std::fs::read_to_string(env::var("PEER_STEPS")?)?;
            let forges = env::var("PEER_FORGES").is_ok_and(|value| value == "1");
            let node = kad::Node::start(Config::read()?, serde_json::from_str(&steps)?, forges)?;
            until_told().await?;
            Ok(node.report())
        }
        "peer" => {
            let gossip = gossip::Gossip::start(Config::read()?)?;
            until_told().await?;
            Ok(gossip.report())
        }
        task => Err(format!("this program has no task {task}").into()),
    }
}

/// Until stdin is closed.
async fn until_told() -> Result<(), Box<dyn Error + Send + Sync>> {
    let told = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::time::timeout(contract::timeout(), told).await???;
    Ok(())
}
