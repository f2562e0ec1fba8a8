//! A gossip peer that calls everything valid, passes it on, and says it again under the next data type. Written from
//! docs/specs/gossip.md; it speaks the dialect of the protocol it is told.

use crate::contract::Config;
use crate::frames::{self, Dialect, G1, G2, Message};
use crate::host::Host;
use crate::proof;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{Multiaddr, PeerId, Stream};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const ASK_EVERY: Duration = Duration::from_secs(2);
const MAX_OFFERED: usize = 64;
/// Frames that wait for a peer that reads slowly; more are dropped.
const MAX_QUEUED: usize = 256;

/// One stream to one peer.
struct Link {
    /// Which of a peer's streams it is, the newest the highest
    number: u64,
    outbound: bool,
    verified: bool,
    out: mpsc::Sender<Vec<u8>>,
}

#[derive(Default)]
struct State {
    links: HashMap<PeerId, Link>,
    opened: u64,
    seen: HashSet<(u64, u64, [u8; 32])>,
    verified: Vec<Value>,
    heard: Vec<Value>,
    infos: Vec<Value>,
    offers: Vec<String>,
    refused: Vec<String>,
    /// How often it was told what it had heard.
    copies: u64,
}

#[derive(Clone)]
pub struct Gossip {
    config: Arc<Config>,
    dialect: Dialect,
    g2: bool,
    host: Host,
    state: Arc<Mutex<State>>,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Gossip {
    pub fn start(config: Config) -> Result<Self, Failure> {
        let g2 = match config.protocol.as_str() {
            "/hearsay/gossip/1.0.0" => false,
            "/hearsay/gossip-p2p/1.0.0" => true,
            other => return Err(format!("this peer does not speak {other}").into()),
        };
        let host = Host::start(&config)?;
        let dialect = if g2 { G2 } else { G1 };
        let gossip = Gossip {
            config: Arc::new(config),
            dialect,
            g2,
            host,
            state: Arc::default(),
        };
        tokio::spawn(gossip.clone().accept());
        for address in gossip.config.dial.clone() {
            tokio::spawn(gossip.clone().keep(address));
        }
        if !g2 {
            tokio::spawn(gossip.clone().ask());
        }
        Ok(gossip)
    }

    pub fn report(&self) -> Value {
        let state = self.state.lock().unwrap();
        json!({
            "peerId": self.host.peer_id.to_string(), "verified": state.verified, "heard": state.heard,
            "infos": state.infos, "offers": state.offers, "refused": state.refused, "copies": state.copies,
        })
    }

    async fn accept(mut self) {
        let mut incoming = self.host.incoming();
        while let Some((peer, stream)) = incoming.next().await {
            tokio::spawn(self.clone().attend(peer, stream, false));
        }
    }

    /// Stays linked to a known peer.
    async fn keep(mut self, address: Multiaddr) {
        loop {
            let state = self.state.clone();
            let wanted = move |peer| !state.lock().unwrap().links.contains_key(&peer);
            let (peer, stream) = self.host.open(&address, wanted).await;
            self.clone().attend(peer, stream, true).await;
        }
    }

    /// A stream's life.
    async fn attend(self, peer: PeerId, stream: Stream, outbound: bool) {
        let (mut reader, mut writer) = stream.split();
        let (out, mut frames) = mpsc::channel::<Vec<u8>>(MAX_QUEUED);
        tokio::spawn(async move {
            while let Some(frame) = frames.recv().await {
                writer.write_all(&frame).await?;
                writer.flush().await?;
            }
            writer.close().await
        });
        let number = self.enter(peer, outbound, out.clone());
        let mut gate = Entry::default();
        let error = loop {
            let taken = async {
                if !gate.open {
                    self.open(&mut gate, outbound, &out).await;
                }
                let frame = frames::read_frame(&mut reader).await?;
                self.take(peer, number, &mut gate, outbound, frames::decode(self.dialect, &frame)?)
                    .await
            };
            if let Err(error) = taken.await {
                break error;
            }
        };
        eprintln!("{peer}: {error}");
        self.leave(peer, number, error);
    }

    fn enter(&self, peer: PeerId, outbound: bool, out: mpsc::Sender<Vec<u8>>) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.opened += 1;
        let number = state.opened;
        state.links.insert(
            peer,
            Link {
                number,
                outbound,
                verified: false,
                out,
            },
        );
        number
    }

    fn leave(&self, peer: PeerId, number: u64, error: io::Error) {
        let mut state = self.state.lock().unwrap();
        if state.links.get(&peer).is_some_and(|link| link.number == number) {
            state.links.remove(&peer);
        }
        if error.kind() == io::ErrorKind::InvalidData {
            state.refused.push(error.to_string());
        }
    }

    async fn open(&self, gate: &mut Entry, outbound: bool, out: &mpsc::Sender<Vec<u8>>) {
        gate.open = true;
        let port = self.config.port();
        let frame = if !outbound {
            let challenge = random();
            gate.challenge = Some(challenge);
            frames::encode(self.dialect, "challenge", &Message::of(&[("challenge", challenge)]))
        } else if !self.g2 && port != 0 {
            frames::encode(self.dialect, "info", &Message::of(&[("port", port)]))
        } else {
            return;
        };
        let _ = out.send(frame).await;
    }

    async fn take(
        &self,
        peer: PeerId,
        number: u64,
        gate: &mut Entry,
        outbound: bool,
        message: Message,
    ) -> io::Result<()> {
        match (gate.verified, outbound, message.name) {
            (true, _, _) => return self.take_verified(peer, message).await,
            (_, false, "info") if !gate.informed => {
                gate.informed = true;
                self.learn(peer, &message);
            }
            (_, false, "proof") => {
                let right = proof::proves(gate.challenge.unwrap_or(0), message.number("nonce"), self.config.bits);
                if right || !self.g2 {
                    self.send(
                        peer,
                        "verdict",
                        &Message {
                            valid: right,
                            ..Default::default()
                        },
                    )
                    .await;
                }
                if !right {
                    return Err(refused("a wrong proof".into()));
                }
                self.admit(peer, number, gate);
            }
            (_, true, "challenge") if gate.challenge.is_none() => {
                let (challenge, bits) = (message.number("challenge"), self.config.bits);
                gate.challenge = Some(challenge);
                let nonce = tokio::task::spawn_blocking(move || proof::solve(challenge, bits)).await?;
                self.send(peer, "proof", &Message::of(&[("nonce", nonce)])).await;
            }
            (_, true, "verdict") if self.g2 || message.valid => self.admit(peer, number, gate),
            (_, _, name) => return Err(refused(format!("{name} before the proof"))),
        }
        Ok(())
    }

    fn admit(&self, peer: PeerId, number: u64, gate: &mut Entry) {
        let mut state = self.state.lock().unwrap();
        gate.verified = true;
        if let Some(link) = state.links.get_mut(&peer).filter(|link| link.number == number) {
            link.verified = true;
            let direction = if link.outbound { "outbound" } else { "inbound" };
            state
                .verified
                .push(json!({ "peer": peer.to_string(), "direction": direction }));
            eprintln!("verified {peer}");
        }
    }

    fn learn(&self, peer: PeerId, message: &Message) {
        let info = json!({ "peer": peer.to_string(), "port": message.number("port") });
        self.state.lock().unwrap().infos.push(info);
    }

    async fn take_verified(&self, peer: PeerId, message: Message) -> io::Result<()> {
        match message.name {
            "announce" => self.hear(peer, message).await,
            "discovery" => self.offer(peer).await,
            "offer" => self.take_offer(message.addresses).await,
            "info" => self.learn(peer, &message),
            name => return Err(refused(format!("{name} after the proof"))),
        }
        Ok(())
    }

    async fn hear(&self, from: PeerId, message: Message) {
        let (id, ttl, data_type) = (message.number("id"), message.number("ttl"), message.number("dataType"));
        let sum: [u8; 32] = Sha256::digest(&message.data).into();
        if data_type != self.config.data_type {
            return;
        }
        if !self.is_new(id, data_type, sum) {
            self.state.lock().unwrap().copies += 1;
            return;
        }
        self.state.lock().unwrap().heard.push(json!({
            "id": format!("{id:x}"), "ttl": ttl, "dataType": data_type,
            "bytes": message.data.len(), "sha256": hex::encode(sum),
        }));
        eprintln!("heard {id:x}");
        if ttl != 1 {
            self.spread(id, ttl.max(1) - 1, data_type, &message.data, Some(from))
                .await;
        }
        self.announce(data_type + 1, &message.data).await;
    }

    fn is_new(&self, id: u64, data_type: u64, sum: [u8; 32]) -> bool {
        self.state.lock().unwrap().seen.insert((id, data_type, sum))
    }

    async fn announce(&self, data_type: u64, data: &[u8]) {
        let id = if self.g2 { random() & 0xffff } else { random() };
        self.is_new(id, data_type, Sha256::digest(data).into());
        self.spread(id, 0, data_type, data, None).await;
    }

    async fn spread(&self, id: u64, ttl: u64, data_type: u64, data: &[u8], except: Option<PeerId>) {
        let numbers = [("id", id), ("ttl", ttl), ("dataType", data_type)];
        let message = Message {
            data: data.to_vec(),
            ..Message::of(&numbers)
        };
        for peer in self.verified(except) {
            self.send(peer, "announce", &message).await;
        }
    }

    fn verified(&self, except: Option<PeerId>) -> Vec<PeerId> {
        let state = self.state.lock().unwrap();
        let others = state
            .links
            .iter()
            .filter(|(peer, link)| link.verified && Some(**peer) != except);
        others.map(|(peer, _)| *peer).collect()
    }

    async fn send(&self, peer: PeerId, name: &str, message: &Message) {
        let out = self.state.lock().unwrap().links.get(&peer).map(|link| link.out.clone());
        if let Some(out) = out {
            // one that has left misses it
            let _ = out.send(frames::encode(self.dialect, name, message)).await;
        }
    }

    async fn offer(&self, asker: PeerId) {
        let others = self.verified(Some(asker));
        let addresses: Vec<String> = others
            .iter()
            .filter_map(|peer| self.host.address_of(peer))
            .take(MAX_OFFERED)
            .collect();
        if !addresses.is_empty() {
            self.send(
                asker,
                "offer",
                &Message {
                    addresses,
                    ..Default::default()
                },
            )
            .await;
        }
    }

    async fn take_offer(&self, addresses: Vec<String>) {
        self.state.lock().unwrap().offers.extend(addresses.clone());
        for address in addresses {
            // so that those who watch our clients see it
            self.announce(self.config.data_type + 2, address.as_bytes()).await;
        }
    }

    /// Asks everybody for others, until somebody offers some.
    async fn ask(self) {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            if !self.state.lock().unwrap().offers.is_empty() {
                return;
            }
            for peer in self.verified(None) {
                self.send(peer, "discovery", &Message::default()).await;
            }
        }
    }
}

/// How far a peer is at the gate.
#[derive(Default)]
struct Entry {
    open: bool,
    informed: bool,
    verified: bool,
    challenge: Option<u64>,
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

fn random() -> u64 {
    use rsa::rand_core::{OsRng, RngCore};
    OsRng.next_u64()
}
