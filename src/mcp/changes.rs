//! Tells a client that the list of tools changed: at once, and then at most
//! once a second.

use std::future::Future;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::service::{Peer, SubscriptionContext};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// [`crate::registry::Registry::changed`].
type Changed = watch::Receiver<u64>;

/// From one notification to the next, at least.
const APART: Duration = Duration::from_secs(1);

/// Tells a session of the legacy era, which need not ask for it.
pub(super) async fn tell_session(changed: Changed, peer: Peer<RoleServer>, ending: CancellationToken) {
    let telling = tell(changed, async || peer.notify_tool_list_changed().await.is_ok());
    tokio::select! {
        () = telling => {}
        () = ending.cancelled() => {}
    }
}

/// Tells who asked for it with `subscriptions/listen`, until they cancel it or
/// we end.
pub(super) async fn tell_subscriber(changed: Changed, context: SubscriptionContext, ending: &CancellationToken) {
    let telling = async {
        if context.accepted().tools_list_changed == Some(true) {
            let sink = context.sink();
            tell(changed, async || sink.notify_tool_list_changed().await.is_ok()).await;
        }
        // What was not asked for is not sent; the subscription stays open.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = telling => {}
        () = context.cancelled() => {}
        () = ending.cancelled() => {}
    }
}

/// Until `send` says that nobody is there any more.
async fn tell<F: Future<Output = bool>>(mut changed: Changed, send: impl Fn() -> F) {
    while changed.changed().await.is_ok() && send().await {
        // What changes meanwhile is told together.
        tokio::time::sleep(APART).await;
    }
}
