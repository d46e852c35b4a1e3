//! The letters of `notify-keyspace-events`.

/// Classes of events that `A` stands for.
const CLASSES: &str = "g$lshzxetd";

/// What else there is to say, in the order it is shown: events of new keys are shown only without `A`.
const OTHERS: &str = "KEm";

/// The letters in their usual order, each once; why not, in the words of real servers.
pub(crate) fn check(letters: &str) -> Result<String, String> {
    if !letters
        .chars()
        .all(|letter| letter == 'A' || letter == 'n' || CLASSES.contains(letter) || OTHERS.contains(letter))
    {
        return Err("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.".into());
    }
    let given = |letter: &char| letters.contains(*letter);
    let mut usual = String::new();
    if letters.contains('A') || CLASSES.chars().all(|letter| given(&letter)) {
        usual.push('A');
    } else {
        usual.extend(CLASSES.chars().chain(['n']).filter(given));
    }
    usual.extend(OTHERS.chars().filter(given));
    Ok(usual)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn letters_are_put_in_order() {
        let cases = [("KEAn", "AKE"), ("mKEg", "gKEm"), ("Kg$lshzxetd", "AK"), ("Kg$lshzxet", "g$lshzxetK"), ("", "")];
        for (given, shown) in cases.into_iter().chain([("nmEKtexzhsl$g", "g$lshzxetnKEm")]) {
            assert_eq!(check(given).as_deref(), Ok(shown), "{given}");
        }
        assert!(check("KQ").is_err());
    }
}
