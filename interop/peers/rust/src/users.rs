//! A CUP2PY peer: it publishes its record, keeps those it hears, passes them on, and searches when it is told to.

use crate::contract::Config;
use crate::cup2py::{self, Record, Request};
use crate::host::Host;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{PeerId, Stream};
use rsa::RsaPrivateKey;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const DEPTH: u32 = 3;
const SEARCH_DEPTH: u32 = 7;
const SEARCH_EVERY: Duration = Duration::from_secs(2);
const MAX_REQUEST: usize = 65_536;
const MAX_QUEUED: usize = 256;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Default)]
struct State {
    /// By peer id, what is sent to it
    links: HashMap<PeerId, mpsc::Sender<Request>>,
    /// By user hash
    records: HashMap<String, Record>,
    refused: Vec<String>,
}

#[derive(Clone)]
pub struct Users {
    host: Host,
    own: Record,
    state: Arc<Mutex<State>>,
}

impl Users {
    pub fn start(config: Config, key: RsaPrivateKey, search: Option<String>) -> Result<Self, Failure> {
        let mut host = Host::start(&config)?;
        let address = config
            .listen
            .as_ref()
            .map(|listen| format!("{listen}/p2p/{}", host.peer_id));
        let own = Record::sign(&key, &address.unwrap_or_default(), &cup2py::now())?;
        let users = Users {
            host: host.clone(),
            own,
            state: Arc::default(),
        };
        let mut incoming = host.incoming();
        let accepting = users.clone();
        tokio::spawn(async move {
            while let Some((peer, stream)) = incoming.next().await {
                tokio::spawn(accepting.clone().attend(peer, stream));
            }
        });
        for address in config.dial {
            let (users, mut host) = (users.clone(), host.clone());
            tokio::spawn(async move {
                loop {
                    let linked = |peer| !users.state.lock().unwrap().links.contains_key(&peer);
                    let (peer, stream) = host.open(&address, linked).await;
                    users.clone().attend(peer, stream).await;
                }
            });
        }
        if let Some(hash) = search {
            tokio::spawn(users.clone().search(hash));
        }
        Ok(users)
    }

    pub fn report(&self) -> Value {
        let state = self.state.lock().unwrap();
        let records: Vec<Value> = state
            .records
            .iter()
            .map(|(hash, record)| json!({ "hash": hash, "address": record.address, "date": record.date }))
            .collect();
        json!({
            "peerId": self.host.peer_id.to_string(), "hash": self.own.hash(), "records": records, "refused": state.refused,
        })
    }

    /// A stream's life.
    async fn attend(self, peer: PeerId, stream: Stream) {
        let (mut reader, mut writer) = stream.split();
        let (out, mut requests) = mpsc::channel::<Request>(MAX_QUEUED);
        tokio::spawn(async move {
            while let Some(request) = requests.recv().await {
                writer.write_all(&framed(&request.text())).await?;
                writer.flush().await?;
            }
            writer.close().await
        });
        let checked = vec![self.own.hash()];
        let _ = out
            .send(Request {
                searched: None,
                record: self.own.clone(),
                depth: DEPTH,
                checked,
            })
            .await;
        self.state.lock().unwrap().links.insert(peer, out);
        let error = loop {
            match read_request(&mut reader).await {
                Ok(text) => {
                    if let Err(error) = self.take(peer, &text).await {
                        self.state.lock().unwrap().refused.push(error.to_string());
                        break error;
                    }
                }
                Err(error) => break error.into(),
            }
        };
        eprintln!("{peer}: {error}");
        self.state.lock().unwrap().links.remove(&peer);
    }

    async fn take(&self, peer: PeerId, text: &str) -> Result<(), Failure> {
        let request = Request::parse(text)?;
        request.record.verify()?;
        let is_new = self.keep(&request.record);
        match &request.searched {
            Some(hash) => self.answer(peer, hash).await,
            None if is_new && request.depth > 0 => self.pass_on(peer, request).await,
            None => {}
        }
        Ok(())
    }

    /// Whether the record is new, or newer than the one held.
    fn keep(&self, record: &Record) -> bool {
        let mut state = self.state.lock().unwrap();
        let newer = state
            .records
            .get(&record.hash())
            .is_none_or(|held| held.date < record.date);
        if newer && record.pem != self.own.pem {
            state.records.insert(record.hash(), record.clone());
        }
        newer
    }

    async fn pass_on(&self, from: PeerId, request: Request) {
        for (peer, out) in self.links() {
            if peer != from {
                let mut checked = request.checked.clone();
                checked.push(self.own.hash());
                let record = request.record.clone();
                let _ = out
                    .send(Request {
                        searched: None,
                        record,
                        depth: request.depth - 1,
                        checked,
                    })
                    .await;
            }
        }
    }

    /// The way the search came, and only when we have it.
    async fn answer(&self, peer: PeerId, hash: &str) {
        let (record, out) = {
            let state = self.state.lock().unwrap();
            let own = (self.own.hash() == hash).then(|| self.own.clone());
            (
                own.or_else(|| state.records.get(hash).cloned()),
                state.links.get(&peer).cloned(),
            )
        };
        if let (Some(record), Some(out)) = (record, out) {
            let _ = out
                .send(Request {
                    searched: None,
                    record,
                    depth: 0,
                    checked: vec![self.own.hash()],
                })
                .await;
        }
    }

    /// Until it is found.
    async fn search(self, hash: String) {
        while !self.state.lock().unwrap().records.contains_key(&hash) {
            for (_, out) in self.links() {
                let (searched, checked) = (Some(hash.clone()), vec![self.own.hash()]);
                let _ = out
                    .send(Request {
                        searched,
                        record: self.own.clone(),
                        depth: SEARCH_DEPTH,
                        checked,
                    })
                    .await;
            }
            tokio::time::sleep(SEARCH_EVERY).await;
        }
    }

    fn links(&self) -> Vec<(PeerId, mpsc::Sender<Request>)> {
        self.state
            .lock()
            .unwrap()
            .links
            .iter()
            .map(|(peer, out)| (*peer, out.clone()))
            .collect()
    }
}

/// A varint length, then the text.
fn framed(text: &str) -> Vec<u8> {
    let (mut size, mut frame) = (text.len(), vec![]);
    while size > 127 {
        frame.push(size as u8 & 127 | 128);
        size >>= 7;
    }
    frame.push(size as u8);
    frame.extend(text.as_bytes());
    frame
}

async fn read_request(reader: &mut (impl AsyncReadExt + Unpin)) -> io::Result<String> {
    let (mut size, mut byte) = (0_usize, [128_u8]);
    for shift in (0..21).step_by(7) {
        if byte[0] < 128 {
            break;
        }
        reader.read_exact(&mut byte).await?;
        size |= usize::from(byte[0] & 127) << shift;
    }
    if size > MAX_REQUEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("a request of {size} bytes"),
        ));
    }
    let mut text = vec![0; size];
    reader.read_exact(&mut text).await?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
