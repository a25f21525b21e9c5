use super::{NOW, name};
use board::fold::user_key;
use board::ports::{Store, User};
use std::sync::Arc;

pub async fn a_name_is_taken_once_whatever_its_case(store: Arc<dyn Store>) {
    let mina = User { username: name("Mina É"), password_hash: "hash".into() };
    assert!(store.add_user(&mina, &user_key(&mina.username), NOW).await.unwrap());
    let other = User { username: name("mINA é"), password_hash: "other".into() };
    assert!(!store.add_user(&other, &user_key(&other.username), NOW).await.unwrap());
    assert_eq!(store.user(&user_key(&other.username)).await.unwrap(), Some(mina));
    let accents_are_distinct = User { username: name("mina e"), password_hash: "third".into() };
    assert!(store.add_user(&accents_are_distinct, &user_key(&accents_are_distinct.username), NOW).await.unwrap());
    assert_eq!(store.user("nobody").await.unwrap(), None);
}

pub async fn a_changed_password_is_read_back(store: Arc<dyn Store>) {
    let user = User { username: name("김민아"), password_hash: "old".into() };
    let key = user_key(&user.username);
    store.add_user(&user, &key, NOW).await.unwrap();
    assert!(store.set_password(&key, "new", None).await.unwrap());
    assert!(!store.set_password(&key, "late", Some("hash")).await.unwrap(), "another one is stored by now");
    assert!(store.set_password(&key, "newer", Some("new")).await.unwrap());
    assert_eq!(store.user(&key).await.unwrap().unwrap().password_hash, "newer");
    assert!(!store.set_password("nobody", "new", None).await.unwrap());
}
