//! Addresses of servers.

use crate::driver::ports::TransportError;

/// The path of the WebSocket.
const WS_PATH: &str = "/v1/ws";

/// How frames are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A frame a WebSocket message.
    WebSocket,
    /// A frame behind its length.
    Stream,
}

/// The address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// How frames are carried.
    pub carrier: Carrier,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path of the WebSocket.
    pub path: String,
}

impl Endpoint {
    /// Reads an address: `ws://`, `wss://`, `http://`, `https://`, `tcp://`, `tls://`, a host, a port, a path.
    ///
    /// # Errors
    /// [`TransportError::Endpoint`] when it is none.
    pub fn parse(text: &str) -> Result<Self, TransportError> {
        Self::read(text).ok_or_else(|| TransportError::Endpoint(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (carrier, tls, default_port) = match scheme {
            "ws" | "http" => (Carrier::WebSocket, false, Some(80)),
            "wss" | "https" => (Carrier::WebSocket, true, Some(443)),
            "tcp" => (Carrier::Stream, false, None),
            "tls" => (Carrier::Stream, true, None),
            _ => return None,
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
            None => authority.rsplit_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(default_port), |port| port.parse().map(Some)).ok()??;
        let path = if path.is_empty() || path == "/" { WS_PATH } else { path };
        let sane = !host.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control());
        sane.then(|| Self { carrier, tls, host: host.to_owned(), port, path: path.to_owned() })
    }

    /// The same address as the WebSocket handshake has it.
    #[must_use]
    pub fn ws_uri(&self) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let read = |text| Endpoint::parse(text).map(|it| (it.ws_uri(), it.carrier));
        let ws = Carrier::WebSocket;
        assert_eq!(read("ws://127.0.0.1:8080"), Ok(("ws://127.0.0.1:8080/v1/ws".into(), ws)));
        assert_eq!(read("http://localhost:8080/"), Ok(("ws://localhost:8080/v1/ws".into(), ws)));
        assert_eq!(read("https://chat.example.com"), Ok(("wss://chat.example.com:443/v1/ws".into(), ws)));
        assert_eq!(read("wss://[::1]:9/x/ws"), Ok(("wss://[::1]:9/x/ws".into(), ws)));
        let tcp = Endpoint::parse("tcp://[::1]:9000").unwrap();
        assert_eq!((tcp.carrier, tcp.tls, tcp.authority()), (Carrier::Stream, false, "[::1]:9000".into()));
        for text in ["", "127.0.0.1:8080", "ftp://a:1", "tcp://a", "ws://:80", "ws://a:99999", "ws://a b", "ws://[::1"]
        {
            assert_eq!(Endpoint::parse(text), Err(TransportError::Endpoint(text.into())), "{text}");
        }
    }
}
