//! A libp2p host with TCP, noise and yamux, and the identity it is told; streams of one protocol come and go.

use crate::contract::Config;
use futures::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, identify, identity, noise, tcp, yamux};
use libp2p_stream as streams;
use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const LOOK_EVERY: Duration = Duration::from_millis(200);
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

type Failure = Box<dyn Error + Send + Sync>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    streams: streams::Behaviour,
    identify: identify::Behaviour,
}

#[derive(Default)]
struct Known {
    connected: HashSet<PeerId>,
    /// Where others can dial a peer, as identify has it
    addresses: HashMap<PeerId, String>,
}

#[derive(Clone)]
pub struct Host {
    pub peer_id: PeerId,
    protocol: StreamProtocol,
    control: streams::Control,
    dial: mpsc::Sender<Multiaddr>,
    known: Arc<Mutex<Known>>,
}

impl Host {
    pub fn start(config: &Config) -> Result<Self, Failure> {
        let key = identity::Keypair::ed25519_from_bytes(config.seed.clone())?;
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                yamux::Config::default,
            )?
            .with_behaviour(|key| Behaviour {
                streams: streams::Behaviour::new(),
                identify: identify::Behaviour::new(identify::Config::new("/ipfs/0.1.0".into(), key.public())),
            })?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
            .build();
        if let Some(listen) = &config.listen {
            swarm.listen_on(listen.clone())?;
        }
        let (dial, dials) = mpsc::channel(16);
        let host = Host {
            peer_id: *swarm.local_peer_id(),
            protocol: StreamProtocol::try_from_owned(config.protocol.clone())?,
            control: swarm.behaviour().streams.new_control(),
            dial,
            known: Arc::default(),
        };
        tokio::spawn(host.clone().drive(swarm, dials));
        Ok(host)
    }

    /// Streams that others open.
    pub fn incoming(&mut self) -> streams::IncomingStreams {
        self.control
            .accept(self.protocol.clone())
            .expect("nobody else accepts them")
    }

    /// A stream to a peer, however often it takes; only while `wanted`.
    pub async fn open(&mut self, address: &Multiaddr, wanted: impl Fn(PeerId) -> bool) -> (PeerId, Stream) {
        let peer = address.iter().find_map(|part| match part {
            Protocol::P2p(peer) => Some(peer),
            _ => None,
        });
        let peer = peer.expect("an address that ends in /p2p/<peer id>");
        loop {
            let connected = self.known.lock().unwrap().connected.contains(&peer);
            if wanted(peer) && connected {
                match self.control.open_stream(peer, self.protocol.clone()).await {
                    Ok(stream) => return (peer, stream),
                    Err(error) => eprintln!("opening a stream to {peer}: {error}"),
                }
            } else if wanted(peer) {
                let _ = self.dial.send(address.clone()).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub fn address_of(&self, peer: &PeerId) -> Option<String> {
        self.known.lock().unwrap().addresses.get(peer).cloned()
    }

    /// What the swarm does, and the dials it is asked for.
    async fn drive(self, mut swarm: Swarm<Behaviour>, mut dials: mpsc::Receiver<Multiaddr>) {
        loop {
            tokio::select! {
                Some(address) = dials.recv() => {
                    if let Err(error) = swarm.dial(address) {
                        eprintln!("dialling: {error}");
                    }
                }
                event = swarm.select_next_some() => self.on_event(event),
            }
        }
    }

    fn on_event(&self, event: SwarmEvent<BehaviourEvent>) {
        let mut known = self.known.lock().unwrap();
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                let local =
                    |address: &&Multiaddr| matches!(address.iter().next(), Some(Protocol::Ip4(ip)) if ip.is_loopback());
                if let Some(address) = info.listen_addrs.iter().find(local) {
                    let own = address
                        .iter()
                        .filter(|part| !matches!(part, Protocol::P2p(_)))
                        .collect::<Multiaddr>();
                    known.addresses.insert(peer_id, format!("{own}/p2p/{peer_id}"));
                }
            }
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                known.connected.insert(peer_id);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => {
                known.connected.remove(&peer_id);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => eprintln!("dialling: {error}"),
            SwarmEvent::IncomingConnectionError { error, .. } => eprintln!("accepting: {error}"),
            _ => {}
        }
    }
}
