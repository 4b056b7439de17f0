
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'kaw' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'kaw'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'kaw' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('topics', 'topics', [CompletionResultType]::ParameterValue, 'Create, show, change and delete topics')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Write records to a topic')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Read records from topics')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show, reset and delete consumer groups')
            [CompletionResult]::new('lag', 'lag', [CompletionResultType]::ParameterValue, 'Show how much consumer groups have not read, in records and in time')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure throughput and latency')
            [CompletionResult]::new('fake', 'fake', [CompletionResultType]::ParameterValue, 'Print generated users as JSON lines')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the settings that hold, and where each came from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the script that completes command lines in a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page of kaw, or of one of its commands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kaw;topics' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List topics with their size and age')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create topics')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Describe the partitions of topics, and their configs')
            [CompletionResult]::new('alter', 'alter', [CompletionResultType]::ParameterValue, 'Change the partitions and configs of a topic')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete topics with all their records')
            [CompletionResult]::new('trim', 'trim', [CompletionResultType]::ParameterValue, 'Delete the records of a topic before an offset')
            break
        }
        'kaw;topics;list' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;topics;create' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'How many partitions each has')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'How many partitions each has')
            [CompletionResult]::new('--replication-factor', '--replication-factor', [CompletionResultType]::ParameterName, 'How many replicas each partition has [default: the cluster''s]')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Set a config, such as `retention.ms=86400000`; repeatable')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Set a config, such as `retention.ms=86400000`; repeatable')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--if-not-exists', '--if-not-exists', [CompletionResultType]::ParameterName, 'Leave topics that exist as they are, and do not fail')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow the names of topics that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;topics;describe' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;topics;alter' {
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The new number of partitions')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'The new number of partitions')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Set a config, such as `retention.ms=86400000`; repeatable')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Set a config, such as `retention.ms=86400000`; repeatable')
            [CompletionResult]::new('--unset', '--unset', [CompletionResultType]::ParameterName, 'Put a config back to its default; repeatable')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow a topic that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;topics;delete' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be deleted, and delete nothing')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow topics that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;topics;trim' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'The offset that each partition is to start at')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be deleted, and delete nothing')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow a topic that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;produce' {
            [CompletionResult]::new('-D', '-D ', [CompletionResultType]::ParameterName, 'What ends a record: one or more bytes, with escapes such as \n and \0')
            [CompletionResult]::new('--delimiter', '--delimiter', [CompletionResultType]::ParameterName, 'What ends a record: one or more bytes, with escapes such as \n and \0')
            [CompletionResult]::new('-K', '-K ', [CompletionResultType]::ParameterName, 'What ends the key in a record')
            [CompletionResult]::new('--key-delimiter', '--key-delimiter', [CompletionResultType]::ParameterName, 'What ends the key in a record')
            [CompletionResult]::new('--fake', '--fake', [CompletionResultType]::ParameterName, 'Write N generated users instead of reading input')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'What the users are drawn from')
            [CompletionResult]::new('--start-id', '--start-id', [CompletionResultType]::ParameterName, 'The id of the first user')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'The key of every record')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The key of every record')
            [CompletionResult]::new('--key-field', '--key-field', [CompletionResultType]::ParameterName, 'Take the key from this field of a JSON value (JSON pointer)')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header of every record; repeatable; a name alone has the value null')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header of every record; repeatable; a name alone has the value null')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'The partition of every record')
            [CompletionResult]::new('--partition', '--partition', [CompletionResultType]::ParameterName, 'The partition of every record')
            [CompletionResult]::new('--timestamp', '--timestamp', [CompletionResultType]::ParameterName, 'The timestamp of every record')
            [CompletionResult]::new('--timestamp-field', '--timestamp-field', [CompletionResultType]::ParameterName, 'Take the timestamp from this field of a JSON value (JSON pointer)')
            [CompletionResult]::new('--partitioner', '--partitioner', [CompletionResultType]::ParameterName, 'Who chooses the partition: murmur2 (as Java), crc32 (as librdkafka), round-robin, random')
            [CompletionResult]::new('--acks', '--acks', [CompletionResultType]::ParameterName, 'Count a record as persisted when: 0 sent, 1 the log has it, all it is on disk')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Wait this long for more records before a batch is sent')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at most so many records, or bytes, a second: 1000/s, 1MiB/s')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Print a line for each persisted record: tokens as in `kaw consume -f`')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Partitions of a topic that has to be created [default: 1]')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-J', '-J ', [CompletionResultType]::ParameterName, 'Read records as JSON envelopes, as `kaw consume --json` writes them')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Read records as JSON envelopes, as `kaw consume --json` writes them')
            [CompletionResult]::new('--whole', '--whole', [CompletionResultType]::ParameterName, 'Make each file one record')
            [CompletionResult]::new('--skip-empty', '--skip-empty', [CompletionResultType]::ParameterName, 'Drop empty records, and count them')
            [CompletionResult]::new('--crlf', '--crlf', [CompletionResultType]::ParameterName, 'Take a carriage return before a newline away')
            [CompletionResult]::new('--keep-partition', '--keep-partition', [CompletionResultType]::ParameterName, 'With --json, keep the partition of each envelope')
            [CompletionResult]::new('-Z', '-Z ', [CompletionResultType]::ParameterName, 'Make an empty value null: a tombstone')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Make an empty value null: a tombstone')
            [CompletionResult]::new('--sync', '--sync', [CompletionResultType]::ParameterName, 'Send one record at a time, and wait for it')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Create a missing topic on brokers too')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow a topic that Kafka keeps for itself')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;consume' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'From where, and to where: start, end, N, -N, +N, @TIME, FROM:TO [default: start]')
            [CompletionResult]::new('--offset', '--offset', [CompletionResultType]::ParameterName, 'From where, and to where: start, end, N, -N, +N, @TIME, FROM:TO [default: start]')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Only these partitions: 0,2-4')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Only these partitions: 0,2-4')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'Stop when no record has come for this long')
            [CompletionResult]::new('-g', '-g', [CompletionResultType]::ParameterName, 'Join this group and share its partitions; commit what stdout has accepted')
            [CompletionResult]::new('--group', '--group', [CompletionResultType]::ParameterName, 'Join this group and share its partitions; commit what stdout has accepted')
            [CompletionResult]::new('--assignor', '--assignor', [CompletionResultType]::ParameterName, 'Who gets which partition: range, roundrobin, sticky, cooperative-sticky')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this command for each batch, with the records on its stdin; last on the line, no shell')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Give the command at most N records at once')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Run the command again, at most N times, when it fails')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Read at most so many records, or bytes, a second: 1000/s, 1MiB/s')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Write records in this form: %s value, %k key, %t topic, %p partition, %o offset, %T %d time, %h headers')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Write records in this form: %s value, %k key, %t topic, %p partition, %o offset, %T %d time, %h headers')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write records as JSON envelopes; `parsed` puts in values that are JSON as JSON')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Only records with this key')
            [CompletionResult]::new('--grep', '--grep', [CompletionResultType]::ParameterName, 'Only records whose value matches this regular expression')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Stop at the end as it is now')
            [CompletionResult]::new('--exit', '--exit', [CompletionResultType]::ParameterName, 'Stop at the end as it is now')
            [CompletionResult]::new('-J', '-J ', [CompletionResultType]::ParameterName, 'The same as --json')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Write values as they are, with nothing behind them')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('assign', 'assign', [CompletionResultType]::ParameterValue, 'Show which member of a group would get which partitions')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List consumer groups')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Describe consumer groups: state, and where they stand in each partition')
            [CompletionResult]::new('members', 'members', [CompletionResultType]::ParameterValue, 'Show the members of a consumer group, and the partitions that each owns')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Set the committed offsets of a consumer group')
            [CompletionResult]::new('skip', 'skip', [CompletionResultType]::ParameterValue, 'Move a consumer group past the next records of a partition')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete consumer groups with all that they committed')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Forget what a consumer group committed for a topic')
            break
        }
        'kaw;groups;assign' {
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'How many members there are; they are called member-1, member-2, ..')
            [CompletionResult]::new('--member', '--member', [CompletionResultType]::ParameterName, 'A member by its own name, with the topics that it wants if not all; repeatable')
            [CompletionResult]::new('--assignor', '--assignor', [CompletionResultType]::ParameterName, 'Who decides: range, roundrobin, sticky, cooperative-sticky')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only groups in this state: stable, preparingrebalance, empty or dead')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;groups;describe' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups;members' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;groups;reset' {
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Go to `start`, `end`, N, -N (before the end), +N (after the start) or @TIME')
            [CompletionResult]::new('--to-file', '--to-file', [CompletionResultType]::ParameterName, 'Go to the offsets in this file')
            [CompletionResult]::new('--to-group', '--to-group', [CompletionResultType]::ParameterName, 'Go to where this group stands')
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'Only this topic, or these partitions of it: users, users:0,2-4')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Do it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups;skip' {
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'How many offsets to skip')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Do it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups;delete' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;groups;forget' {
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'The topic, or some of its partitions: users, users:0,2-4')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;lag' {
            [CompletionResult]::new('--topic', '--topic', [CompletionResultType]::ParameterName, 'Only this topic, or some of its partitions')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'What a row is of')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Look again and again, with rates, until SIGINT [default: 2s]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'With --watch, end after so many looks')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'With --watch, end after so many looks')
            [CompletionResult]::new('--max', '--max', [CompletionResultType]::ParameterName, 'Exit with 9 if the lag of a row is above this')
            [CompletionResult]::new('--max-age', '--max-age', [CompletionResultType]::ParameterName, 'Exit with 9 if the age of a row is above this')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until nothing is unread, at most --timeout if that is given')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;bench' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Measure how many records a topic takes, and how fast')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Measure how fast a topic is read')
            [CompletionResult]::new('latency', 'latency', [CompletionResultType]::ParameterValue, 'Measure how long records take to a consumer')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare two runs, or two commands in turns')
            [CompletionResult]::new('matrix', 'matrix', [CompletionResultType]::ParameterValue, 'Measure producing over acknowledgements, codecs and batch sizes')
            break
        }
        'kaw;bench;produce' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Measure for this long [default: 10s]')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Send for this long before measuring [default: 1s; 0s with --records]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s')
            [CompletionResult]::new('--producers', '--producers', [CompletionResultType]::ParameterName, 'Send by so many producers')
            [CompletionResult]::new('--record-size', '--record-size', [CompletionResultType]::ParameterName, 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Give records one of so many keys')
            [CompletionResult]::new('--skew', '--skew', [CompletionResultType]::ParameterName, 'Draw keys by Zipf''s law with this exponent, as 0.99; 0 is evenly')
            [CompletionResult]::new('--compressible', '--compressible', [CompletionResultType]::ParameterName, 'How much of a value compresses away, in percent')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'What keys, sizes and values are drawn from')
            [CompletionResult]::new('--partitioner', '--partitioner', [CompletionResultType]::ParameterName, 'Who chooses the partition: murmur2, crc32, round-robin, random')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Let a record that is due wait this long for others [default: 0s]')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Partitions of a topic that has to be created [default: 1]')
            [CompletionResult]::new('--acks', '--acks', [CompletionResultType]::ParameterName, 'Count a record as done when: 0 sent, 1 the log has it, all it is on disk')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Bytes of a batch before compression [default: what the target takes as such]')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save the run as JSON, for `kaw bench compare`')
            [CompletionResult]::new('--plot', '--plot', [CompletionResultType]::ParameterName, 'Draw the run')
            [CompletionResult]::new('--max-p99', '--max-p99', [CompletionResultType]::ParameterName, 'Exit with 9 if the 99th percentile of latency is above this')
            [CompletionResult]::new('--min-rate', '--min-rate', [CompletionResultType]::ParameterName, 'Exit with 9 if fewer records, or bytes, a second were done')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--fake', '--fake', [CompletionResultType]::ParameterName, 'Send generated users')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Create a missing topic on brokers too')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep a topic that was created for this')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;bench;consume' {
            [CompletionResult]::new('--consumers', '--consumers', [CompletionResultType]::ParameterName, 'Read by so many consumers, which share the partitions')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Read at most so many records')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Read at most so many records')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'With --follow, for this long [default: 10s]')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save the run as JSON, for `kaw bench compare`')
            [CompletionResult]::new('--plot', '--plot', [CompletionResultType]::ParameterName, 'Draw the run')
            [CompletionResult]::new('--max-p99', '--max-p99', [CompletionResultType]::ParameterName, 'Exit with 9 if the 99th percentile of latency is above this')
            [CompletionResult]::new('--min-rate', '--min-rate', [CompletionResultType]::ParameterName, 'Exit with 9 if fewer records, or bytes, a second were done')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Read what comes from now on')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;bench;latency' {
            [CompletionResult]::new('--consumers', '--consumers', [CompletionResultType]::ParameterName, 'Read by so many consumers, which share the partitions')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Measure for this long [default: 10s]')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Send for this long before measuring [default: 1s; 0s with --records]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s')
            [CompletionResult]::new('--producers', '--producers', [CompletionResultType]::ParameterName, 'Send by so many producers')
            [CompletionResult]::new('--record-size', '--record-size', [CompletionResultType]::ParameterName, 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Give records one of so many keys')
            [CompletionResult]::new('--skew', '--skew', [CompletionResultType]::ParameterName, 'Draw keys by Zipf''s law with this exponent, as 0.99; 0 is evenly')
            [CompletionResult]::new('--compressible', '--compressible', [CompletionResultType]::ParameterName, 'How much of a value compresses away, in percent')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'What keys, sizes and values are drawn from')
            [CompletionResult]::new('--partitioner', '--partitioner', [CompletionResultType]::ParameterName, 'Who chooses the partition: murmur2, crc32, round-robin, random')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Let a record that is due wait this long for others [default: 0s]')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Partitions of a topic that has to be created [default: 1]')
            [CompletionResult]::new('--acks', '--acks', [CompletionResultType]::ParameterName, 'Count a record as done when: 0 sent, 1 the log has it, all it is on disk')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic''s]')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Bytes of a batch before compression [default: what the target takes as such]')
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save the run as JSON, for `kaw bench compare`')
            [CompletionResult]::new('--plot', '--plot', [CompletionResultType]::ParameterName, 'Draw the run')
            [CompletionResult]::new('--max-p99', '--max-p99', [CompletionResultType]::ParameterName, 'Exit with 9 if the 99th percentile of latency is above this')
            [CompletionResult]::new('--min-rate', '--min-rate', [CompletionResultType]::ParameterName, 'Exit with 9 if fewer records, or bytes, a second were done')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--fake', '--fake', [CompletionResultType]::ParameterName, 'Send generated users')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Create a missing topic on brokers too')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep a topic that was created for this')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;bench;compare' {
            [CompletionResult]::new('--pairs', '--pairs', [CompletionResultType]::ParameterName, 'How often each command is run [default: 5]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;bench;matrix' {
            [CompletionResult]::new('--acks', '--acks', [CompletionResultType]::ParameterName, 'Levels of acknowledgement')
            [CompletionResult]::new('-z', '-z', [CompletionResultType]::ParameterName, 'Codecs')
            [CompletionResult]::new('--compression', '--compression', [CompletionResultType]::ParameterName, 'Codecs')
            [CompletionResult]::new('--batch-size', '--batch-size', [CompletionResultType]::ParameterName, 'Batch sizes [default: what the target takes as such]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'Measure so many records, of all producers together')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Measure for this long [default: 10s]')
            [CompletionResult]::new('--warmup', '--warmup', [CompletionResultType]::ParameterName, 'Send for this long before measuring [default: 1s; 0s with --records]')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s')
            [CompletionResult]::new('--producers', '--producers', [CompletionResultType]::ParameterName, 'Send by so many producers')
            [CompletionResult]::new('--record-size', '--record-size', [CompletionResultType]::ParameterName, 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]')
            [CompletionResult]::new('--keys', '--keys', [CompletionResultType]::ParameterName, 'Give records one of so many keys')
            [CompletionResult]::new('--skew', '--skew', [CompletionResultType]::ParameterName, 'Draw keys by Zipf''s law with this exponent, as 0.99; 0 is evenly')
            [CompletionResult]::new('--compressible', '--compressible', [CompletionResultType]::ParameterName, 'How much of a value compresses away, in percent')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'What keys, sizes and values are drawn from')
            [CompletionResult]::new('--partitioner', '--partitioner', [CompletionResultType]::ParameterName, 'Who chooses the partition: murmur2, crc32, round-robin, random')
            [CompletionResult]::new('--linger', '--linger', [CompletionResultType]::ParameterName, 'Let a record that is due wait this long for others [default: 0s]')
            [CompletionResult]::new('--partitions', '--partitions', [CompletionResultType]::ParameterName, 'Partitions of a topic that has to be created [default: 1]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--fake', '--fake', [CompletionResultType]::ParameterName, 'Send generated users')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Create a missing topic on brokers too')
            [CompletionResult]::new('--keep', '--keep', [CompletionResultType]::ParameterName, 'Keep a topic that was created for this')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;fake' {
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'What the users are drawn from')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'At most so many users, or bytes, a second: 1000/s, 1MiB/s')
            [CompletionResult]::new('--start-id', '--start-id', [CompletionResultType]::ParameterName, 'The id of the first user')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;config' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;completions' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;man' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;help' {
            [CompletionResult]::new('topics', 'topics', [CompletionResultType]::ParameterValue, 'Create, show, change and delete topics')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Write records to a topic')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Read records from topics')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show, reset and delete consumer groups')
            [CompletionResult]::new('lag', 'lag', [CompletionResultType]::ParameterValue, 'Show how much consumer groups have not read, in records and in time')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Measure throughput and latency')
            [CompletionResult]::new('fake', 'fake', [CompletionResultType]::ParameterValue, 'Print generated users as JSON lines')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the settings that hold, and where each came from')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the script that completes command lines in a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print the manual page of kaw, or of one of its commands')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'kaw;help;topics' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List topics with their size and age')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create topics')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Describe the partitions of topics, and their configs')
            [CompletionResult]::new('alter', 'alter', [CompletionResultType]::ParameterValue, 'Change the partitions and configs of a topic')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete topics with all their records')
            [CompletionResult]::new('trim', 'trim', [CompletionResultType]::ParameterValue, 'Delete the records of a topic before an offset')
            break
        }
        'kaw;help;topics;list' {
            break
        }
        'kaw;help;topics;create' {
            break
        }
        'kaw;help;topics;describe' {
            break
        }
        'kaw;help;topics;alter' {
            break
        }
        'kaw;help;topics;delete' {
            break
        }
        'kaw;help;topics;trim' {
            break
        }
        'kaw;help;produce' {
            break
        }
        'kaw;help;consume' {
            break
        }
        'kaw;help;groups' {
            [CompletionResult]::new('assign', 'assign', [CompletionResultType]::ParameterValue, 'Show which member of a group would get which partitions')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List consumer groups')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Describe consumer groups: state, and where they stand in each partition')
            [CompletionResult]::new('members', 'members', [CompletionResultType]::ParameterValue, 'Show the members of a consumer group, and the partitions that each owns')
            [CompletionResult]::new('reset', 'reset', [CompletionResultType]::ParameterValue, 'Set the committed offsets of a consumer group')
            [CompletionResult]::new('skip', 'skip', [CompletionResultType]::ParameterValue, 'Move a consumer group past the next records of a partition')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete consumer groups with all that they committed')
            [CompletionResult]::new('forget', 'forget', [CompletionResultType]::ParameterValue, 'Forget what a consumer group committed for a topic')
            break
        }
        'kaw;help;groups;assign' {
            break
        }
        'kaw;help;groups;list' {
            break
        }
        'kaw;help;groups;describe' {
            break
        }
        'kaw;help;groups;members' {
            break
        }
        'kaw;help;groups;reset' {
            break
        }
        'kaw;help;groups;skip' {
            break
        }
        'kaw;help;groups;delete' {
            break
        }
        'kaw;help;groups;forget' {
            break
        }
        'kaw;help;lag' {
            break
        }
        'kaw;help;bench' {
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Measure how many records a topic takes, and how fast')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Measure how fast a topic is read')
            [CompletionResult]::new('latency', 'latency', [CompletionResultType]::ParameterValue, 'Measure how long records take to a consumer')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Compare two runs, or two commands in turns')
            [CompletionResult]::new('matrix', 'matrix', [CompletionResultType]::ParameterValue, 'Measure producing over acknowledgements, codecs and batch sizes')
            break
        }
        'kaw;help;bench;produce' {
            break
        }
        'kaw;help;bench;consume' {
            break
        }
        'kaw;help;bench;latency' {
            break
        }
        'kaw;help;bench;compare' {
            break
        }
        'kaw;help;bench;matrix' {
            break
        }
        'kaw;help;fake' {
            break
        }
        'kaw;help;config' {
            break
        }
        'kaw;help;completions' {
            break
        }
        'kaw;help;man' {
            break
        }
        'kaw;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
