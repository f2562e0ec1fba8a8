//! A node of the DHT on rust-libp2p's kad: it keeps what is signed, and carries out its steps once it knows somebody.

use crate::contract::Config;
use crate::envelope::{self, Envelope};
use futures::StreamExt;
use libp2p::kad::store::{MemoryStore, MemoryStoreConfig, RecordStore};
use libp2p::kad::{self, GetRecordOk, InboundRequest, Mode, QueryId, QueryResult, Quorum, Record};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, identity, noise, ping, tcp, yamux};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/hearsay/kad/1.0.0");
const MAX_RECORD: usize = 68 * 1_024;
/// Besides the record, its key and who is nearer.
const MAX_PACKET: usize = 2 * MAX_RECORD;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

type Failure = Box<dyn Error + Send + Sync>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    kad: kad::Behaviour<MemoryStore>,
    identify: identify::Behaviour,
    // js-libp2p asks only nodes that answer it
    ping: ping::Behaviour,
}

#[derive(Default)]
struct State {
    /// By key, what was found.
    found: HashMap<String, Value>,
    stored: usize,
    refused: Vec<String>,
}

pub struct Node {
    config: Config,
    owner: identity::Keypair,
    /// `["put", key, value, ttl, replication]` or `["get", key]`
    steps: Vec<Value>,
    /// Whether what it puts is signed for another key.
    forges: bool,
    state: Arc<Mutex<State>>,
}

impl Node {
    pub fn start(config: Config, steps: Vec<Value>, forges: bool) -> Result<Running, Failure> {
        let owner = identity::Keypair::ed25519_from_bytes(config.seed.clone())?;
        let mut swarm = SwarmBuilder::with_existing_identity(owner.clone())
            .with_tokio()
            .with_tcp(
                tcp::Config::default().nodelay(true),
                noise::Config::new,
                yamux::Config::default,
            )?
            .with_behaviour(behaviour)?
            .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
            .build();
        swarm.behaviour_mut().kad.set_mode(Some(Mode::Server));
        if let Some(listen) = &config.listen {
            swarm.listen_on(listen.clone())?;
            swarm.add_external_address(listen.clone());
        }
        let running = Running {
            peer_id: *swarm.local_peer_id(),
            keys: steps
                .iter()
                .filter(|step| step[0] == "get")
                .map(|step| text(&step[1]))
                .collect(),
            state: Arc::default(),
        };
        let state = running.state.clone();
        let node = Node {
            config,
            owner,
            steps,
            forges,
            state,
        };
        tokio::spawn(node.drive(swarm));
        Ok(running)
    }

    async fn drive(mut self, mut swarm: Swarm<Behaviour>) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        let mut asked: HashMap<QueryId, String> = HashMap::new();
        loop {
            tokio::select! {
                _ = tick.tick() => self.on_tick(&mut swarm, &mut asked),
                event = swarm.select_next_some() => self.on_event(event, &mut swarm, &asked),
            }
        }
    }

    /// Stays linked, puts once, and asks until it finds.
    fn on_tick(&mut self, swarm: &mut Swarm<Behaviour>, asked: &mut HashMap<QueryId, String>) {
        if swarm.connected_peers().next().is_none() {
            for address in &self.config.dial {
                if let Err(error) = swarm.dial(address.clone()) {
                    eprintln!("dialling: {error}");
                }
            }
        }
        if swarm.behaviour_mut().kad.kbuckets().all(|bucket| bucket.is_empty()) {
            return;
        }
        for step in std::mem::take(&mut self.steps) {
            let key = text(&step[1]);
            if step[0] == "put" {
                self.put(swarm, &step, &key);
            } else if !self.state.lock().unwrap().found.contains_key(&key) {
                let name = envelope::plain_key(&hex::decode(&key).unwrap_or_default());
                asked.insert(swarm.behaviour_mut().kad.get_record(name.into_bytes().into()), key);
                self.steps.push(step);
            }
        }
    }

    fn put(&self, swarm: &mut Swarm<Behaviour>, step: &Value, key: &str) {
        let name = envelope::plain_key(&hex::decode(key).unwrap_or_default());
        let value = hex::decode(text(&step[2])).unwrap_or_default();
        let (ttl, replication) = (step[3].as_u64().unwrap_or(60), step[4].as_u64().unwrap_or(1));
        let signed = if self.forges { "/hearsay/another" } else { &name };
        let record = Envelope::sign(signed, &self.owner, value, ttl, replication).encode();
        let record = Record::new(name.into_bytes(), record);
        if let Err(error) = swarm.behaviour_mut().kad.put_record(record, Quorum::One) {
            self.state.lock().unwrap().refused.push(error.to_string());
        }
    }

    fn on_event(
        &self,
        event: SwarmEvent<BehaviourEvent>,
        swarm: &mut Swarm<Behaviour>,
        asked: &HashMap<QueryId, String>,
    ) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                for address in info.listen_addrs {
                    swarm.behaviour_mut().kad.add_address(&peer_id, address);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Kad(event)) => self.on_kad(event, swarm, asked),
            SwarmEvent::OutgoingConnectionError { error, .. } => eprintln!("dialling: {error}"),
            _ => {}
        }
    }

    fn on_kad(&self, event: kad::Event, swarm: &mut Swarm<Behaviour>, asked: &HashMap<QueryId, String>) {
        match event {
            kad::Event::InboundRequest {
                request:
                    InboundRequest::PutRecord {
                        source,
                        record: Some(record),
                        ..
                    },
            } => self.keep(source, record, swarm),
            kad::Event::OutboundQueryProgressed {
                id,
                result: QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found))),
                ..
            } => self.take(&asked[&id], &found.record),
            kad::Event::OutboundQueryProgressed {
                result: QueryResult::PutRecord(result),
                ..
            } => eprintln!("put {}", if result.is_ok() { "taken" } else { "refused" }),
            _ => {}
        }
    }

    fn keep(&self, source: PeerId, record: Record, swarm: &mut Swarm<Behaviour>) {
        let key = String::from_utf8_lossy(record.key.as_ref()).into_owned();
        let mut state = self.state.lock().unwrap();
        match envelope::open(&key, &record.value) {
            Ok(_) => {
                eprintln!("{source} stores {key}");
                state.stored += 1;
                if let Err(error) = swarm.behaviour_mut().kad.store_mut().put(record) {
                    state.refused.push(error.to_string());
                }
            }
            Err(refusal) => state.refused.push(refusal.into()),
        }
    }

    fn take(&self, key: &str, record: &Record) {
        let name = String::from_utf8_lossy(record.key.as_ref()).into_owned();
        let mut state = self.state.lock().unwrap();
        match envelope::open(&name, &record.value) {
            Ok(envelope) => {
                let answer = json!({ "name": "success", "keyHex": key, "valueHex": hex::encode(&envelope.parts[1]) });
                eprintln!("found {key}");
                state.found.insert(key.into(), answer);
            }
            Err(refusal) => state.refused.push(refusal.into()),
        }
    }
}

/// What others see of it.
pub struct Running {
    peer_id: PeerId,
    keys: Vec<String>,
    state: Arc<Mutex<State>>,
}

impl Running {
    pub fn report(&self) -> Value {
        let state = self.state.lock().unwrap();
        let answer = |key: &String| {
            state
                .found
                .get(key)
                .cloned()
                .unwrap_or(json!({ "name": "failure", "keyHex": key }))
        };
        json!({
            "peerId": self.peer_id.to_string(), "answers": self.keys.iter().map(answer).collect::<Vec<_>>(),
            "stored": state.stored, "refused": state.refused,
        })
    }
}

fn behaviour(key: &identity::Keypair) -> Behaviour {
    let peer_id = key.public().to_peer_id();
    let store = MemoryStoreConfig {
        max_value_bytes: MAX_RECORD,
        ..Default::default()
    };
    let mut config = kad::Config::new(PROTOCOL);
    config
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_publication_interval(None)
        .set_replication_interval(None)
        .set_max_packet_size(MAX_PACKET);
    Behaviour {
        kad: kad::Behaviour::with_config(peer_id, MemoryStore::with_config(peer_id, store), config),
        identify: identify::Behaviour::new(identify::Config::new("/ipfs/0.1.0".into(), key.public())),
        ping: ping::Behaviour::default(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}
