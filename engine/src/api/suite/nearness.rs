//! What is kept near changes nothing that can be seen, and goes when its conversation goes.

use super::harness::{House, Seen, conversation, in_every_way, send, turn};
use crate::domain::ids::ConversationId;

in_every_way!(a_window_is_kept_near_until_its_conversation_goes);

async fn a_window_is_kept_near_until_its_conversation_goes(house: &House) {
    let running = house.start().await;
    let owner = running.set_up(house, true).await;
    let id = conversation(&owner).await.id;
    let say = async |words: &str, answer: &str| {
        let taken = send(&owner, id, &turn(words)).await.expect("taken");
        let call = house.model.asked().await;
        let asked = call.asked.clone();
        call.say(answer);
        call.finish();
        let mut seen = Seen::default();
        seen.read(&owner, taken.id, |_| false).await.expect("to the end");
        assert_eq!(seen.text, answer);
        asked
    };
    say("my boat is called Perseverance", "a fine name").await;
    let key = format!("window:{}", ConversationId(id));
    let near = running.cache.get(&key).await.expect("a cache in memory answers").expect("it was just used");
    assert!(String::from_utf8_lossy(&near).contains("Perseverance"));
    // The second turn is answered from what is near, the third from the store: the model is told the same.
    let from_near = say("how long is it?", "ten metres").await;
    running.cache.remove(&key).await.expect("a cache in memory answers");
    let from_store = say("and how old?", "forty years").await;
    for told in ["my boat is called Perseverance", "a fine name"] {
        assert!(from_near.contains(told) && from_store.contains(told), "{told}");
    }
    assert!(from_store.contains("ten metres"));
    owner.delete(&format!("/api/v1/conversations/{id}")).await.expect("mine");
    assert_eq!(running.cache.get(&key).await.expect("a cache in memory answers"), None);
}
