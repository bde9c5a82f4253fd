//! Why a reply says what it says: what of earlier it was made with, as far as that is still there.

use super::branches::Talk;
use super::errors::member;
use super::harness::{House, conversation, in_every_way, send, turn};
use engine_client::wire::conversations::AuthorView;
use engine_client::wire::turns::{RecalledView, TurnView};
use uuid::Uuid;

in_every_way!(a_turn_names_what_its_reply_was_made_with, what_memory_quotes_is_named_too,);

async fn recalled(talk: &Talk<'_>, turn: Uuid) -> Vec<RecalledView> {
    let turn: TurnView = talk.client.get(&format!("/api/v1/turns/{turn}")).await.expect("mine");
    turn.recalled
}

async fn a_turn_names_what_its_reply_was_made_with(house: &House) {
    let running = house.start().await;
    let long = Talk::open(house, &running).await;
    let said = format!("my boat Perseverance\n{}", "lies in the harbour ".repeat(20));
    let (told, _) = long.say(&turn(&said), "a fine name").await;
    assert_eq!(recalled(&long, told.id).await, [], "nothing was said before");
    let bo = member(&long.client, &running, "Bo").await;
    let theirs = conversation(&bo).await.id;
    let theirs = Talk { house, client: bo, id: theirs };
    theirs.say(&turn("my boat Perseverance is another"), "so it is").await;

    let talk = Talk { house, client: long.client.clone(), id: conversation(&long.client).await.id };
    let asked = turn("which boat Perseverance?");
    send(&talk.client, talk.id, &asked).await.expect("taken");
    assert_eq!(recalled(&talk, asked.id).await, [], "the reply is still being made");
    let (ended, prompt) = talk.reply(asked.id, "yours").await;
    assert!(prompt.contains("lies in the harbour"), "{prompt}");
    assert_eq!(ended.recalled, [], "only the turn by itself tells");
    let named = recalled(&talk, asked.id).await;
    let [one] = &named[..] else { panic!("{named:?}") };
    assert_eq!(
        (one.author, one.conversation, one.message),
        (Some(AuthorView::Person), Some(long.id), Some(told.message))
    );
    assert_eq!(one.said_at, told.created_at);
    assert!(one.excerpt.starts_with("my boat Perseverance lies in") && one.excerpt.chars().count() <= 200);

    long.client.delete(&format!("/api/v1/conversations/{}", long.id)).await.expect("mine");
    assert_eq!(recalled(&talk, asked.id).await, [], "what is gone is not repeated");
}

async fn what_memory_quotes_is_named_too(house: &House) {
    let running = house.start().await;
    let client = running.set_up(house, false).await;
    let talk = Talk { house, id: conversation(&client).await.id, client };
    let told = turn("my cat is called Pepper");
    send(&talk.client, talk.id, &told).await.expect("taken");
    let told = talk.ended(told.id).await;
    let asked = turn("what is my cat called?");
    send(&talk.client, talk.id, &asked).await.expect("taken");
    assert!(talk.ended(asked.id).await.text.contains("Pepper"));
    let named: Vec<_> = recalled(&talk, asked.id).await.iter().map(|one| one.message).collect();
    assert_eq!(named, [Some(told.message)]);
}
