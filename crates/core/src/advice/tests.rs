use super::{wording::OPERATOR, *};

fn names() -> Names {
    Names {
        mailbox: "bob@example.test".to_owned(),
        account: "svc@example.test".to_owned(),
        endpoint: "https://mail.example.test/EWS/Exchange.asmx".to_owned(),
        utc_offset: None,
        held: false,
        is_own: false,
        tells_addresses: true,
        probe_at: None,
    }
}

#[test]
fn every_problem_has_words_and_a_first_step() {
    for names in [names(), Names::default()] {
        for problem in every_problem() {
            let advice = advice(&problem, &names);
            let code = problem.code();
            assert!(
                advice.title.ends_with('.') && advice.title.len() < 120,
                "{code}: {}",
                advice.title
            );
            assert!(advice.meaning.len() > 40, "{code}");
            assert!(!advice.steps.is_empty(), "{code}");
            for step in &advice.steps {
                assert!(
                    step.ends_with('.') && step.starts_with(char::is_uppercase),
                    "{code}: {step}"
                );
                assert!(!step.contains("  "), "{code}: {step}");
            }
            for command in &advice.commands {
                assert!(
                    !command.text.contains(['\n', '\r']) && !command.text.contains("''"),
                    "{code}: {}",
                    command.text
                );
            }
        }
    }
}

#[test]
fn no_two_problems_share_a_title() {
    let mut titles: Vec<String> = every_problem()
        .iter()
        .map(|problem| advice(problem, &names()).title)
        .collect();
    let count = titles.len();
    titles.sort();
    titles.dedup();
    // A server without a code is worded like one with a code, an alias like an alias, a damaged entry like one whose time
    // is known.
    assert!(count - titles.len() <= 7, "{titles:#?}");
}

fn commands(problem: &Problem) -> Vec<String> {
    advice(problem, &names())
        .commands
        .into_iter()
        .map(|command| command.text)
        .collect()
}

#[test]
fn the_impersonation_command_can_be_pasted_as_it_is() {
    let commands = commands(&Problem::RoleMissing);
    assert_eq!(
        commands,
        [
            "Get-ManagementRoleAssignment -Role ApplicationImpersonation -GetEffectiveUsers | Format-Table Name,EffectiveUserName,CustomRecipientWriteScope",
            "New-ManagementRoleAssignment -Name 'Kalends impersonation' -Role ApplicationImpersonation -User 'svc@example.test'",
            "Get-ManagementRoleAssignment -Role ApplicationImpersonation -WritableRecipient 'bob@example.test' -GetEffectiveUsers | Format-Table Name,EffectiveUserName,CustomRecipientWriteScope",
            "Remove-ManagementRoleAssignment 'Kalends impersonation'",
        ]
    );
}

#[test]
fn what_changes_something_can_be_verified_and_undone() {
    for problem in every_problem() {
        let advice = advice(&problem, &names());
        let has = |purpose| advice.commands.iter().any(|c| c.purpose == purpose);
        if advice
            .commands
            .iter()
            .any(|c| c.place != OPERATOR && c.purpose == Purpose::Run)
        {
            let code = &advice.code;
            assert!(has(Purpose::Verify), "{code}: add a command that verifies");
            assert!(has(Purpose::Undo), "{code}: add a command that undoes");
        }
        for command in &advice.commands {
            let looks = ["Get-", "Test-", "nslookup ", "curl "]
                .iter()
                .any(|start| command.text.starts_with(start));
            let is_look = matches!(command.purpose, Purpose::FindOut | Purpose::Verify);
            let pipes_into_change = command.text.contains("| Set-");
            assert_eq!(
                is_look,
                looks && !pipes_into_change,
                "{}: {}",
                advice.code,
                command.text
            );
        }
    }
}

#[test]
fn what_names_the_role_leads_to_its_page() {
    assert!(advice(&Problem::ImpersonationDenied, &names()).on_role);
    assert!(advice(&Problem::AccessDenied, &names()).on_role);
    assert!(!advice(&Problem::MailboxNotFound, &names()).on_role);
}

#[test]
fn a_refused_sign_in_puts_the_likeliest_cause_first_with_the_command_that_decides() {
    let told = advice(
        &Problem::SignInRefused {
            offered: vec![],
            proxy: None,
            changed: None,
        },
        &names(),
    );
    let at = |words: &str| {
        let found = told.steps.iter().position(|step| step.contains(words));
        found.unwrap_or_else(|| panic!("{words}: {:#?}", told.steps))
    };
    let order = [
        "Type the password",
        "other form",
        "locked",
        "policy",
        "4625",
        "Extended Protection",
    ];
    let places: Vec<usize> = order.into_iter().map(at).collect();
    assert!(places.is_sorted(), "{places:?}");
    let commands: String = told.commands.into_iter().map(|c| c.text).collect();
    for part in [
        "LockedOut",
        "AuthenticationPolicy",
        "Id=4625",
        "ExtendedProtection",
    ] {
        assert!(commands.contains(part), "{part}: {commands}");
    }
}

#[test]
fn the_event_of_a_refused_sign_in_is_read_where_the_cause_stands() {
    let refused = |offered: &str| {
        let problem = Problem::SignInRefused {
            offered: vec![offered.to_owned()],
            proxy: None,
            changed: None,
        };
        let told = advice(&problem, &names());
        let commands: Vec<String> = told.commands.into_iter().map(|it| it.text).collect();
        (told.steps.join(" "), commands.join(" "))
    };
    for offered in ["NTLM", "Basic"] {
        let (steps, commands) = refused(offered);
        for words in [
            "stands in its Sub Status",
            "0xC000006A is a wrong",
            "0xC000005E",
        ] {
            assert!(steps.contains(words), "{offered}: {words}: {steps}");
        }
        assert!(steps.contains("reaches a domain controller"), "{steps}");
        assert!(
            commands.contains("Test-ComputerSecureChannel"),
            "{commands}"
        );
        // Causes that only a sign-in by two messages can have.
        for words in [
            "Extended Protection refuses",
            "new connection",
            "restricts NTLM",
        ] {
            assert_eq!(steps.contains(words), offered == "NTLM", "{words}: {steps}");
        }
    }
}

#[test]
fn a_code_without_advice_of_its_own_is_shown() {
    let problem = Problem::UnknownResponseCode {
        response_code: "ErrorNew2030".to_owned(),
    };
    assert!(advice(&problem, &names()).title.contains("ErrorNew2030"));
}

#[test]
fn the_line_that_allows_a_host_stands_ready() {
    let problem = |port| Problem::AddressNotAllowed {
        host: "mail.example.test".to_owned(),
        port,
        address: "10.0.0.5".to_owned(),
    };
    assert_eq!(
        commands(&problem(443)),
        ["KALENDS_EXCHANGE_HOSTS=HOSTS,mail.example.test"]
    );
    assert_eq!(
        commands(&problem(8443)),
        ["KALENDS_EXCHANGE_HOSTS=HOSTS,mail.example.test:8443"]
    );
}

#[test]
fn a_refused_sign_in_names_the_other_form_to_try() {
    let first = |account: &str| {
        let names = Names {
            account: account.to_owned(),
            ..names()
        };
        advice(
            &Problem::SignInRefused {
                offered: vec![],
                proxy: None,
                changed: None,
            },
            &names,
        )
        .steps
        .join(" ")
    };
    assert!(first("svc@example.test").contains("DOMAIN\\svc"));
    assert!(first("EXAMPLE\\svc").contains("svc@example.test"));
    assert!(first("svc").contains("DOMAIN\\svc"));
}

#[test]
fn certificates_are_told_with_issuer_names_and_dates() {
    let told = advice(
        &Problem::CertificateExpired {
            host: "mail.example.test".to_owned(),
            certificate: Box::new(certificate::example()),
        },
        &names(),
    );
    for part in [
        "CN=Example Root",
        "autodiscover.example.test",
        "3 March 2026",
        "3 March 2027",
    ] {
        assert!(told.meaning.contains(part), "{part}: {}", told.meaning);
    }
}

#[test]
fn exchange_online_is_told_with_its_dates() {
    let told = advice(&Problem::ExchangeOnline, &names()).meaning;
    for part in [
        "2022",
        "February 2025",
        "October 2026",
        "April 2027",
        "Exchange Server",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn the_first_causes_of_a_list_need_no_command() {
    let lists: Vec<Advice> = every_problem()
        .iter()
        .map(|problem| advice(problem, &Names::example()))
        .filter(|told| told.lists_causes)
        .collect();
    assert!(!lists.is_empty());
    for told in lists {
        assert!(
            told.steps.len() > 2 && !told.commands.is_empty(),
            "{}",
            told.code
        );
        for step in &told.steps[..2] {
            assert!(!step.contains("command"), "{}: {step}", told.code);
        }
    }
}

#[test]
fn problems_of_one_cause_name_each_other() {
    for problem in every_problem() {
        for other in every_problem() {
            let named = problem
                .codes_of_cause()
                .contains(&format!(",{},", other.code()));
            let is_one = problem.cause() == other.cause();
            assert_eq!(named, is_one, "{} and {}", problem.code(), other.code());
        }
    }
}
