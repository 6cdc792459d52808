//! A pooler in transaction mode as one connection sees it: LISTEN is taken, and no notification ever arrives.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    task::JoinSet,
};

/// Where the database of this URL is reached through a pooler; it works until the second value is dropped.
pub async fn before(url: &str) -> (String, JoinSet<()>) {
    let (head, rest) = url.split_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = server.to_owned();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&server).await.unwrap();
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
            tokio::spawn(without_notifications(from_server, to_client));
        }
    });
    (format!("{head}@{address}/{name}"), tasks)
}

async fn without_notifications(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Option<()> {
    // The first byte says that there is no TLS.
    let refused = from.read_u8().await.ok()?;
    assert_eq!(refused, b'N');
    to.write_u8(refused).await.ok()?;
    loop {
        let kind = from.read_u8().await.ok()?;
        let length = from.read_u32().await.ok()?;
        let mut body = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
        from.read_exact(&mut body).await.ok()?;
        if kind != b'A' {
            to.write_u8(kind).await.ok()?;
            to.write_u32(length).await.ok()?;
            to.write_all(&body).await.ok()?;
        }
    }
}
