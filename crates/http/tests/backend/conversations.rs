//! What a backend sees of conversations, and does in them in the name of a user.

use super::{Users, World, id, world};
use serde_json::{Value, json};
use std::time::Duration;

const USERS: &str = "/v1/apps/default/users";

/// A group of alice's with bob, and the path to it.
async fn group(world: &World) -> (String, String) {
    for user in ["alice", "bob", "eve"] {
        assert_eq!(world.call("PUT", &format!("{USERS}/{user}"), Some(json!({}))).await.0, 200);
    }
    let body = json!({"creator": "alice", "title": "Team", "members": ["bob"]});
    let (status, made) = world.call("POST", "/v1/apps/default/conversations", Some(body)).await;
    assert_eq!(status, 200, "{made}");
    let conversation = made["conversation"].as_str().unwrap().to_owned();
    let path = format!("/v1/apps/default/conversations/{conversation}");
    (conversation, path)
}

async fn done(world: &World, path: &str, body: Value) -> Value {
    let (status, answer) = world.call("POST", path, Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn seen(world: &World, path: &str) -> Value {
    let (status, answer) = world.call("GET", path, None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn refused(world: &World, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
    let (status, answer) = world.call(method, path, body).await;
    (status, answer["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_user_is_counted_listed_and_read() {
    let world = world(Users::ByPutOnly);
    let (conversation, path) = group(&world).await;
    let entities = json!([{"offset": 0, "length": 4, "type": "mention", "value": "bob"}]);
    let call = json!({
        "sender": "alice", "conversation": conversation, "text": "@bob look", "entities": entities,
        "attributes": {"mentions": ["bob"]},
    });
    let (_, called) = world.send(call).await;
    world.send(json!({"sender": "alice", "conversation": conversation, "text": "here"})).await;

    let page = seen(&world, &format!("{USERS}/bob/conversations?limit=1")).await;
    let listed = &page["conversations"][0];
    assert_eq!((&listed["unread"], &listed["unread_mentions"]), (&json!(2), &json!(1)), "{listed}");
    assert_eq!((&listed["last_message"]["text"], &listed["role"]), (&json!("here"), &json!("member")));
    assert_eq!(seen(&world, &format!("{USERS}/bob/unread")).await["unread_total"], json!(2));
    let mine = format!("{USERS}/bob/conversations/{conversation}");
    let mentions = seen(&world, &format!("{mine}/mentions")).await;
    assert_eq!(mentions["mentions"], json!([{"seq": called["seq"], "ordinal": called["ordinal"]}]));
    let first = seen(&world, &format!("{path}/messages?as_user=bob&after_ordinal=0&limit=1")).await;
    assert_eq!((&first["messages"][0]["entities"], &first["more_after"]), (&entities, &json!(true)));

    done(&world, &format!("{mine}/read"), json!({"upto_seq": 1_000})).await;
    // A cursor is stored within a second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let view = seen(&world, &format!("{path}?as_user=bob")).await;
    assert_eq!(
        (&view["unread"], &view["unread_mentions"], &view["read_seq"]),
        (&json!(0), &json!(0), &view["head_seq"])
    );
    assert_eq!(seen(&world, &format!("{USERS}/bob/unread")).await["unread_total"], json!(0));
    let marks = seen(&world, &format!("{path}?as_user=alice")).await["read_marks"].clone();
    assert_eq!((&marks[0]["user"], &marks[0]["read_seq"]), (&json!("bob"), &view["head_seq"]));

    world.send(json!({"sender": "alice", "conversation": conversation, "text": "once more"})).await;
    assert_eq!(seen(&world, &format!("{USERS}/bob/unread")).await["unread_total"], json!(1));
    done(&world, &format!("{mine}/preferences"), json!({"muted_until": -1})).await;
    assert_eq!(seen(&world, &format!("{USERS}/bob/unread")).await["unread_total"], json!(0));
    assert_eq!(seen(&world, &format!("{path}?as_user=bob")).await["unread"], json!(1), "it is unread all the same");

    let stranger = (404, "not_found".to_owned());
    assert_eq!(refused(&world, "GET", &format!("{path}?as_user=eve"), None).await, stranger);
    assert_eq!(refused(&world, "GET", &format!("{USERS}/nobody/unread"), None).await, stranger);
    assert_eq!(refused(&world, "GET", &format!("{USERS}/nobody/conversations"), None).await, stranger);
    let of_eve = format!("{USERS}/eve/conversations/{conversation}");
    assert_eq!(refused(&world, "GET", &format!("{of_eve}/mentions"), None).await, stranger);
    assert_eq!(refused(&world, "POST", &format!("{of_eve}/read"), Some(json!({"upto_seq": 1}))).await, stranger);
    assert_eq!(refused(&world, "POST", &format!("{of_eve}/typing"), Some(json!({"active": true}))).await, stranger);
}

#[tokio::test(start_paused = true)]
async fn the_pages_of_a_users_conversations_lead_to_the_last() {
    let world = world(Users::ByFirstMessage);
    for n in 0..5 {
        let (_, sent) =
            world.send(json!({"sender": format!("user{n}"), "to_user": "bob", "text": format!("{n}")})).await;
        let conversation = sent["conversation"].as_str().unwrap();
        let delivered = format!("{USERS}/bob/conversations/{conversation}/delivered");
        done(&world, &delivered, json!({"upto_seq": sent["seq"]})).await;
        // It is stored within a second, as a read cursor is.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let path = format!("/v1/apps/default/conversations/{conversation}?as_user=user{n}");
        let marks = seen(&world, &path).await["read_marks"].clone();
        assert_eq!(marks, json!([{"user": "bob", "read_seq": 0, "delivered_seq": sent["seq"]}]));
    }
    let (mut peers, mut next) = (Vec::new(), String::new());
    loop {
        let page = seen(&world, &format!("{USERS}/bob/conversations?limit=2{next}")).await;
        for listed in page["conversations"].as_array().unwrap() {
            peers.push(listed["peer"]["user"].as_str().unwrap().to_owned());
        }
        let Some(token) = page["next_page"].as_str() else { break };
        next = format!("&page={token}");
    }
    peers.sort();
    assert_eq!(peers, ["user0", "user1", "user2", "user3", "user4"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_tells_its_reactions_its_versions_its_pin_and_its_recall() {
    let world = world(Users::ByFirstMessage);
    let (_, sent) = world.send(json!({"sender": "alice", "to_user": "bob", "text": "Helo"})).await;
    let (conversation, seq) = (sent["conversation"].as_str().unwrap(), &sent["seq"]);
    let messages = format!("/v1/apps/default/conversations/{conversation}/messages");
    let path = format!("{messages}/{seq}");
    let bold = json!([{"offset": 0, "length": 5, "type": "bold"}]);
    done(&world, &format!("{path}/edit"), json!({"user": "alice", "text": "Hello", "entities": bold})).await;
    done(&world, &format!("{path}/react"), json!({"user": "bob", "emoji": "👍"})).await;
    done(&world, &format!("{path}/react"), json!({"user": "bob", "emoji": "🎉"})).await;
    done(&world, &format!("{path}/react"), json!({"user": "alice", "emoji": "🎉"})).await;
    done(&world, &format!("{path}/pin"), json!({"user": "alice"})).await;

    let around = format!("{messages}?as_user=bob&around_ordinal={}", sent["ordinal"]);
    let message = seen(&world, &around).await["messages"][0].clone();
    assert_eq!((&message["text"], &message["entities"], &message["pinned"]), (&json!("Hello"), &bold, &json!(true)));
    let one = seen(&world, &format!("{path}/reactions?as_user=alice&limit=1")).await;
    let two = format!("{path}/reactions?as_user=alice&page={}", one["next_page"].as_str().unwrap());
    let (one, two) = (&one["reactions"], &seen(&world, &two).await["reactions"]);
    assert_eq!((&one[0]["user"], &two[0]["user"]), (&json!("alice"), &json!("bob")));
    let thumbs = seen(&world, &format!("{path}/reactions?as_user=alice&emoji=%F0%9F%91%8D")).await;
    assert_eq!(thumbs["reactions"], json!([{"user": "bob", "emojis": ["👍"]}]));
    let edits = seen(&world, &format!("{path}/edits?as_user=bob")).await;
    let texts: Vec<_> = edits["versions"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!((texts, &edits["versions"][1]["entities"]), (vec!["Helo", "Hello"], &bold));
    let later = seen(&world, &format!("{path}/edits?as_user=bob&after_seq={seq}")).await;
    assert_eq!(later["versions"].as_array().map(Vec::len), Some(1));

    done(&world, &format!("{path}/recall"), json!({"user": "alice"})).await;
    let message = seen(&world, &around).await["messages"][0].clone();
    assert_eq!((&message["recalled"], &message["recalled_by"]), (&json!(true), &json!("alice")));
    assert!(message["recalled_at"].is_i64() && message["text"].is_null());
    let gone = (404, "not_found".to_owned());
    assert_eq!(refused(&world, "GET", &format!("{path}/edits?as_user=bob"), None).await, gone);
    assert_eq!(refused(&world, "GET", &format!("{path}/reactions?as_user=eve"), None).await, gone);
}

#[tokio::test(start_paused = true)]
async fn a_message_is_starred_for_one_user() {
    let world = world(Users::ByFirstMessage);
    let (_, sent) = world.send(json!({"sender": "alice", "to_user": "bob", "text": "Keep this"})).await;
    let conversation = sent["conversation"].as_str().unwrap();
    let star = format!("/v1/apps/default/conversations/{conversation}/messages/{}/star", sent["seq"]);
    let body = json!({"user": "bob", "command_id": id(1)});
    done(&world, &star, body.clone()).await;
    done(&world, &star, body).await;
    let listed = seen(&world, &format!("{USERS}/bob/starred")).await;
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["messages"][0]["message"]["message_id"], sent["message_id"]);
    assert_eq!(seen(&world, &format!("{USERS}/alice/starred")).await["messages"], json!([]));
    let other = json!({"user": "bob", "remove": true, "command_id": id(1)});
    assert_eq!(refused(&world, "POST", &star, Some(other)).await, (409, "conflict".to_owned()));
    done(&world, &star, json!({"user": "bob", "remove": true})).await;
    assert_eq!(seen(&world, &format!("{USERS}/bob/starred")).await["messages"], json!([]));
    let nothing = star.replace(&format!("/{}/", sent["seq"]), "/99/");
    assert_eq!(refused(&world, "POST", &nothing, Some(json!({"user": "bob"}))).await, (404, "not_found".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_group_tells_its_members_what_it_is_and_its_admins_who_is_kept_out() {
    let world = world(Users::ByPutOnly);
    let (_, path) = group(&world).await;
    let changes = format!("{path}/changes");
    for (by, change) in [
        ("alice", json!({"set_info": {"description": "What we do", "extension": "AP8="}})),
        ("alice", json!({"change_settings": {"join": "approval"}})),
        ("alice", json!({"announce": {"text": "We meet at noon"}})),
        ("alice", json!({"make_link": {"link": "BwcHBwcHBwcHBwcHBwcHBw==", "uses": 3}})),
        ("bob", json!({"set_nickname": {"nickname": "Bobby"}})),
        ("eve", json!({"apply": {"message": "Please"}})),
        ("bob", json!({"command": {"body_type": "acme.refresh", "json": {"what": "board"}}})),
    ] {
        done(&world, &changes, json!({"by": by, "change": change})).await;
    }
    let of_bob = seen(&world, &format!("{path}?as_user=bob")).await;
    let shown = &of_bob["group"];
    assert_eq!((&shown["description"], &shown["settings"]["join"]), (&json!("What we do"), &json!("approval")));
    assert_eq!((&shown["nickname"], &shown["links"]), (&json!("Bobby"), &Value::Null));
    let announced = &shown["announcement"];
    assert_eq!((&announced["text"], &announced["by"]), (&json!("We meet at noon"), &json!("alice")));
    let of_alice = seen(&world, &format!("{path}?as_user=alice")).await;
    let link = json!([{"link": "BwcHBwcHBwcHBwcHBwcHBw==", "until": -1, "uses_left": 3}]);
    assert_eq!(of_alice["group"]["links"], link);

    let askers = seen(&world, &format!("{path}/askers?as_user=alice&which=applied")).await;
    let asker = &askers["askers"][0];
    assert_eq!((&asker["user"], &asker["message"], &asker["by"]), (&json!("eve"), &json!("Please"), &json!("eve")));
    assert_eq!(seen(&world, &format!("{path}/askers?as_user=alice&which=invited")).await["askers"], json!([]));
    let forbidden = (403, "forbidden".to_owned());
    assert_eq!(refused(&world, "GET", &format!("{path}/askers?as_user=bob&which=applied"), None).await, forbidden);
    assert_eq!(refused(&world, "GET", &format!("{path}/bans?as_user=bob"), None).await, forbidden);

    done(&world, &changes, json!({"by": "alice", "change": {"ban_member": {"user": "eve", "reason": "spam"}}})).await;
    let bans = seen(&world, &format!("{path}/bans?as_user=alice")).await;
    let ban = &bans["bans"][0];
    assert_eq!((&ban["user"], &ban["until"], &ban["reason"]), (&json!("eve"), &json!(-1), &json!("spam")));
    assert_eq!(refused(&world, "GET", &format!("{path}/bans?as_user=eve"), None).await, (404, "not_found".to_owned()));

    let typing = |user: &str| path.replace("/conversations", &format!("/users/{user}/conversations")) + "/typing";
    assert_eq!(done(&world, &typing("bob"), json!({"active": true})).await, json!({}));
    done(&world, &changes, json!({"by": "alice", "change": {"mute_member": {"user": "bob"}}})).await;
    let muted = refused(&world, "POST", &typing("bob"), Some(json!({"active": true}))).await;
    assert_eq!(muted, (403, "muted".to_owned()));
    assert_eq!(seen(&world, &format!("{path}?as_user=bob")).await["group"]["muted_until"], json!(-1));
    done(&world, &changes, json!({"by": "alice", "change": {"dissolve": {}}})).await;
    let over = refused(&world, "POST", &typing("alice"), Some(json!({"active": true}))).await;
    assert_eq!(over, (409, "dissolved".to_owned()));
    assert_eq!(refused(&world, "GET", &format!("{path}/bans?as_user=alice"), None).await.1, "dissolved");
}

#[tokio::test(start_paused = true)]
async fn quiet_times_are_set_once_and_told() {
    let world = world(Users::ByPutOnly);
    assert_eq!(world.call("PUT", &format!("{USERS}/alice"), Some(json!({}))).await.0, 200);
    let path = format!("{USERS}/alice/quiet");
    let hours = json!({"windows": [{"days": 127, "from_minute": 0, "upto_minute": 1440}], "time_zone": "Asia/Tokyo"});
    let body = json!({"hours": hours, "command_id": id(1)});
    let set = done(&world, &path, body.clone()).await;
    assert_eq!((&set["is_quiet"], &set["windows"]), (&json!(true), &hours["windows"]));
    assert_eq!(seen(&world, &path).await, set);
    let without = done(&world, &path, json!({"hours": {"windows": []}})).await;
    assert_eq!((&without["is_quiet"], &without["windows"]), (&json!(false), &json!([])));
    assert_eq!(done(&world, &path, body).await, without, "a repeated change changes nothing again");
    let other = json!({"paused_until": -1, "command_id": id(1)});
    assert_eq!(refused(&world, "POST", &path, Some(other)).await, (409, "conflict".to_owned()));
    assert_eq!(done(&world, &path, json!({"paused_until": -1})).await["paused_until"], json!(-1));
    assert_eq!(refused(&world, "POST", &format!("{USERS}/nobody/quiet"), Some(json!({}))).await.0, 404);
}
