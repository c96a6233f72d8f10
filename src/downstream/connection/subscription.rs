//! The modern era's way to be told of changed tools.

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::SubscriptionFilter;
use rmcp::service::Peer;

use super::wire::Wire;

/// Before a subscription that ended is asked for again; doubled each time.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Tells of changes until the session is over, or the server has no subscriptions.
pub(super) async fn listen(peer: Peer<RoleClient>, wire: Arc<Wire>) {
    let filter = SubscriptionFilter::builder().tools_list_changed().build();
    let mut rest = FIRST_REST;
    loop {
        let mut subscription = match peer.listen(filter.clone()).await {
            Ok(subscription) => subscription,
            Err(error) => {
                tracing::debug!(server = wire.name, %error, "changes of tools are not told");
                return;
            }
        };
        while matches!(subscription.next().await, Ok(Some(_))) {
            (wire.on_changed)();
        }
        if wire.over.is_cancelled() {
            return;
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(LONGEST_REST);
        // What changed meanwhile was told to nobody.
        (wire.on_changed)();
    }
}
