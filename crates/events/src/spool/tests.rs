use super::{Reader, Spool};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const LARGE: u64 = 64 << 20;

fn append(spool: &Spool, content: &str) -> u64 {
    let write = |number, record: &mut Vec<u8>| {
        record.extend_from_slice(content.as_bytes());
        number
    };
    spool.append(None, write, |_, _| {}).unwrap_or_else(|number| number)
}

fn texts(reader: &mut Reader) -> Vec<String> {
    let records = reader.read(usize::MAX).unwrap();
    records.into_iter().map(|record| String::from_utf8(record.content).unwrap()).collect()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some()).collect();
    files.sort();
    files
}

#[test]
fn what_is_not_taken_is_read_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    let mut reader = Reader::new(Arc::clone(&spool));
    let numbers: Vec<u64> = ["a", "b", "c"].map(|text| append(&spool, text)).to_vec();
    assert_eq!(texts(&mut reader), ["a", "b", "c"]);
    assert_eq!(texts(&mut reader), [""; 0]);
    spool.take(numbers[0]);
    let producer = spool.producer();
    assert_eq!(spool.waiting(), 2);
    drop((reader, spool));
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    assert_eq!(spool.waiting(), 2);
    assert_ne!(spool.producer(), producer, "its numbers are its own");
    let mut reader = Reader::new(Arc::clone(&spool));
    assert_eq!(texts(&mut reader), ["b", "c"]);
    assert!(append(&spool, "d") > numbers[2]);
    assert_eq!(texts(&mut reader), ["d"]);
    reader.rewind();
    assert_eq!(texts(&mut reader), ["b", "c", "d"]);
}

#[test]
fn files_that_are_taken_go_and_a_full_spool_counts_what_it_loses() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 12 << 20).unwrap();
    let content = "x".repeat(100_000);
    let numbers: Vec<u64> = (0..200).map(|_| append(&spool, &content)).collect();
    assert!(files(folder.path()).len() >= 3, "{:?}", files(folder.path()));
    let mut reader = Reader::new(Arc::clone(&spool));
    let read = reader.read(usize::MAX).unwrap();
    let lost = 200 - read.len() as u64;
    assert!(lost > 0 && spool.lost() == lost && spool.failure().is_some());
    spool.take(read.last().unwrap().number);
    assert_eq!(files(folder.path()).len(), 1);
    append(&spool, "again");
    assert_eq!(spool.failure(), None);
    assert_eq!(texts(&mut reader), ["again"]);
    drop((reader, spool));
    assert_eq!(Spool::open(folder.path(), LARGE).unwrap().lost(), lost);
    assert!(numbers.is_sorted());
}

#[test]
fn restarts_take_no_room() {
    let folder = tempfile::tempdir().unwrap();
    for run in 1..=20 {
        let spool = Spool::open(folder.path(), 8 << 20).unwrap();
        append(&spool, "x");
        assert_eq!((spool.waiting(), spool.lost()), (run, 0));
    }
    let spool = Spool::open(folder.path(), 8 << 20).unwrap();
    assert_eq!(texts(&mut Reader::new(spool)).len(), 20);
}

#[test]
fn a_folder_that_was_deleted_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("events");
    let spool = Spool::open(&folder, LARGE).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let content = "x".repeat(100_000);
    (0..100).for_each(|_| _ = append(&spool, &content));
    assert_eq!((spool.lost(), spool.failure()), (0, None));
    spool.take(99);
    drop(spool);
    let spool = Spool::open(&folder, LARGE).unwrap();
    assert_eq!((spool.lost(), spool.waiting()), (0, 1));
    assert_eq!(texts(&mut Reader::new(spool)), [content]);
}

#[test]
fn a_torn_end_and_a_damaged_file_cost_only_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    let _ = ["a", "b"].map(|text| append(&spool, text));
    drop(spool);
    let last = files(folder.path()).pop().unwrap();
    let file = std::fs::File::options().write(true).open(&last).unwrap();
    let length = file.metadata().unwrap().len();
    file.write_all_at(&[80, 0, 0, 0, 1, 2, 3], length).unwrap();
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    append(&spool, "c");
    assert_eq!(texts(&mut Reader::new(Arc::clone(&spool))), ["a", "b", "c"]);
    drop(spool);
    file.write_all_at(b"garbage", 10).unwrap();
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    assert_eq!(texts(&mut Reader::new(Arc::clone(&spool))), ["c"]);
    assert_eq!(spool.lost(), 3, "the torn one, and two");
    spool.take(3);
    drop(spool);
    let last = files(folder.path()).pop().unwrap();
    std::fs::write(&last, b"torn before its first record was whole").unwrap();
    assert_eq!(Spool::open(folder.path(), LARGE).unwrap().lost(), 4);
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    append(&spool, "c");
    for name in ["5.events", "00000000000000000007.events"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    drop(spool);
    assert_eq!(
        texts(&mut Reader::new(Spool::open(folder.path(), LARGE).unwrap())),
        ["c"],
        "what is no file of ours stays"
    );
}

#[test]
fn a_reader_beside_many_writers_sees_each_event_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), LARGE).unwrap();
    let mut reader = Reader::new(Arc::clone(&spool));
    let mut numbers = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5_000).for_each(|_| _ = append(&spool, &"y".repeat(300))));
        }
        while numbers.len() < 20_000 {
            let records = reader.read(700).unwrap();
            numbers.extend(
                records.last().map(|record| record.number).into_iter().flat_map(|_| &records).map(|r| r.number),
            );
            numbers.last().into_iter().for_each(|number| spool.take(*number));
        }
    });
    assert!(numbers.is_sorted_by(|one, next| one < next));
    assert_eq!(spool.lost(), 0);
}
