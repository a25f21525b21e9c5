use super::Outcome;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Less than a container's health check waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the process that listens there whether it runs.
pub(super) fn ask(listen: SocketAddr) -> Outcome {
    let mut address = listen;
    match listen {
        SocketAddr::V4(all) if all.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(all) if all.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let status = status_line(address).map_err(|error| format!("{address} does not answer ({error})."))?;
    if status.split(' ').nth(1) == Some("200") { Ok(()) } else { Err(format!("{address} answered {status:?}.").into()) }
}

/// The first line of the answer.
fn status_line(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health/live HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned())
}
