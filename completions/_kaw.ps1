
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('topics', 'topics', [CompletionResultType]::ParameterValue, 'Create, show, change, check and delete topics')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Write records to a topic')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Read records from topics')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show, reset and delete consumer groups')
            [CompletionResult]::new('lag', 'lag', [CompletionResultType]::ParameterValue, 'Show how much consumer groups have not read, in records and in time')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check every byte of topics, and repair what is damaged')
            [CompletionResult]::new('compact', 'compact', [CompletionResultType]::ParameterValue, 'Do what the cleanup policy of topics asks for, now')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--if-not-exists', '--if-not-exists', [CompletionResultType]::ParameterName, 'Leave topics that exist as they are, and do not fail')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow the names of topics that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow a topic that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be deleted, and delete nothing')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow topics that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Say what would be deleted, and delete nothing')
            [CompletionResult]::new('--internal', '--internal', [CompletionResultType]::ParameterName, 'Allow a topic that Kafka keeps for itself')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;topics;verify' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--repair', '--repair', [CompletionResultType]::ParameterName, 'Move damaged bytes to files of their own, so that the rest can be read and written')
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
        'kaw;topics;compact' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Answer in this form')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('--log-dir', '--log-dir', [CompletionResultType]::ParameterName, 'Work on this log directory, in Kafka''s own format [env: KAW_LOG_DIR]')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--brokers', '--brokers', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--bootstrap-server', '--bootstrap-server', [CompletionResultType]::ParameterName, 'Work on these brokers [env: KAW_BROKERS]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Work on the target of this profile in config.toml [env: KAW_PROFILE]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--roll', '--roll', [CompletionResultType]::ParameterName, 'Seal the active segments first, so that they are compacted too')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
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
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'kaw;consume' {
            [CompletionResult]::new('--regex', '--regex', [CompletionResultType]::ParameterName, 'The topics whose whole name matches, also those that are yet to come')
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
            [CompletionResult]::new('--max-poll-interval', '--max-poll-interval', [CompletionResultType]::ParameterName, 'Give a member up that has not asked for records for this long')
            [CompletionResult]::new('--instance-id', '--instance-id', [CompletionResultType]::ParameterName, 'Keep the place of this name in the group over restarts')
            [CompletionResult]::new('--session-timeout', '--session-timeout', [CompletionResultType]::ParameterName, 'How long the place of --instance-id is kept')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run this command for each batch, with the records on its stdin; last on the line, no shell')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Give the command at most N records at once')
            [CompletionResult]::new('--batch-time', '--batch-time', [CompletionResultType]::ParameterName, 'Wait this long for a batch to be full [default: while there is something to read]')
            [CompletionResult]::new('--exec-timeout', '--exec-timeout', [CompletionResultType]::ParameterName, 'Give the command this long for a batch; then it is ended, with all that it started')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Run the command again, at most N times, when it fails')
            [CompletionResult]::new('--dead-letter', '--dead-letter', [CompletionResultType]::ParameterName, 'Put a batch that the command does not take into this topic, and go on (exit 3 at the end)')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Stop at the end as it is now')
            [CompletionResult]::new('--exit', '--exit', [CompletionResultType]::ParameterName, 'Stop at the end as it is now')
            [CompletionResult]::new('--skip-damaged', '--skip-damaged', [CompletionResultType]::ParameterName, 'Read on behind what is damaged, tell on stderr what was passed over, and end with 4')
            [CompletionResult]::new('-J', '-J ', [CompletionResultType]::ParameterName, 'The same as --json')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Write values as they are, with nothing behind them')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Do it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--execute', '--execute', [CompletionResultType]::ParameterName, 'Do it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until nothing is unread, at most --timeout if that is given')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Answer in JSON, as `--output json`; errors too')
            [CompletionResult]::new('--no-headers', '--no-headers', [CompletionResultType]::ParameterName, 'Leave out the line of headers')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
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
            [CompletionResult]::new('--config-file', '--config-file', [CompletionResultType]::ParameterName, 'Take properties from this kcat.conf or client.properties [env: KAW_CONFIG_FILE]')
            [CompletionResult]::new('-X', '-X ', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--property', '--property', [CompletionResultType]::ParameterName, 'Set a property of librdkafka, but no secret; `-X list` shows all')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Use colour on stderr and in help')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Wait at most this long for the cluster [default: 10s]')
            [CompletionResult]::new('--allow-code-in-config', '--allow-code-in-config', [CompletionResultType]::ParameterName, 'Let files and -X name code for librdkafka to run')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing but answers, warnings and errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say more about what is done')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'kaw;help' {
            [CompletionResult]::new('topics', 'topics', [CompletionResultType]::ParameterValue, 'Create, show, change, check and delete topics')
            [CompletionResult]::new('produce', 'produce', [CompletionResultType]::ParameterValue, 'Write records to a topic')
            [CompletionResult]::new('consume', 'consume', [CompletionResultType]::ParameterValue, 'Read records from topics')
            [CompletionResult]::new('groups', 'groups', [CompletionResultType]::ParameterValue, 'Show, reset and delete consumer groups')
            [CompletionResult]::new('lag', 'lag', [CompletionResultType]::ParameterValue, 'Show how much consumer groups have not read, in records and in time')
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
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check every byte of topics, and repair what is damaged')
            [CompletionResult]::new('compact', 'compact', [CompletionResultType]::ParameterValue, 'Do what the cleanup policy of topics asks for, now')
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
        'kaw;help;topics;verify' {
            break
        }
        'kaw;help;topics;compact' {
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
