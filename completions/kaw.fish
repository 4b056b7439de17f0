# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_kaw_global_optspecs
    string join \n d/log-dir= b/brokers= profile= color= q/quiet v/verbose timeout= h/help V/version
end

function __fish_kaw_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_kaw_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_kaw_using_subcommand
    set -l cmd (__fish_kaw_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c kaw -n "__fish_kaw_needs_command" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_needs_command" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_needs_command" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_needs_command" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_needs_command" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_needs_command" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_needs_command" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_needs_command" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_needs_command" -s V -l version -d 'Print version'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "topics" -d 'Create, show, change and delete topics'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "produce" -d 'Write records to a topic'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "consume" -d 'Read records from topics'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "groups" -d 'Show, reset and delete consumer groups'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "lag" -d 'Show how much consumer groups have not read, in records and in time'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "bench" -d 'Measure throughput and latency'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "fake" -d 'Print generated users as JSON lines'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "config" -d 'Show the settings that hold, and where each came from'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "completions" -d 'Print the script that completes command lines in a shell'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "man" -d 'Print the manual page of kaw, or of one of its commands'
complete -c kaw -n "__fish_kaw_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "list" -d 'List topics with their size and age'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "create" -d 'Create topics'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "describe" -d 'Describe the partitions of topics, and their configs'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "alter" -d 'Change the partitions and configs of a topic'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "delete" -d 'Delete topics with all their records'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and not __fish_seen_subcommand_from list create describe alter delete trim" -f -a "trim" -d 'Delete the records of a topic before an offset'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s p -l partitions -d 'How many partitions each has' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l replication-factor -d 'How many replicas each partition has [default: the cluster\'s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s c -l config -d 'Set a config, such as `retention.ms=86400000`; repeatable' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l if-not-exists -d 'Leave topics that exist as they are, and do not fail'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l internal -d 'Allow the names of topics that Kafka keeps for itself'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from describe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s p -l partitions -d 'The new number of partitions' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s c -l config -d 'Set a config, such as `retention.ms=86400000`; repeatable' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l unset -d 'Put a config back to its default; repeatable' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l internal -d 'Allow a topic that Kafka keeps for itself'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from alter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l dry-run -d 'Say what would be deleted, and delete nothing'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l internal -d 'Allow topics that Kafka keeps for itself'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l to -d 'The offset that each partition is to start at' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l dry-run -d 'Say what would be deleted, and delete nothing'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l internal -d 'Allow a topic that Kafka keeps for itself'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand topics; and __fish_seen_subcommand_from trim" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s D -l delimiter -d 'What ends a record: one or more bytes, with escapes such as \\n and \\0' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s K -l key-delimiter -d 'What ends the key in a record' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l fake -d 'Write N generated users instead of reading input' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l seed -d 'What the users are drawn from' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l start-id -d 'The id of the first user' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s c -l count -d 'Stop after N records' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s k -l key -d 'The key of every record' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l key-field -d 'Take the key from this field of a JSON value (JSON pointer)' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s H -l header -d 'A header of every record; repeatable; a name alone has the value null' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s p -l partition -d 'The partition of every record' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l timestamp -d 'The timestamp of every record' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l timestamp-field -d 'Take the timestamp from this field of a JSON value (JSON pointer)' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l partitioner -d 'Who chooses the partition: murmur2 (as Java), crc32 (as librdkafka), round-robin, random' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l acks -d 'Count a record as persisted when: 0 sent, 1 the log has it, all it is on disk' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s z -l compression -d 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic\'s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l linger -d 'Wait this long for more records before a batch is sent' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l rate -d 'Send at most so many records, or bytes, a second: 1000/s, 1MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l report -d 'Print a line for each persisted record: tokens as in `kaw consume -f`' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l partitions -d 'Partitions of a topic that has to be created [default: 1]' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s J -l json -d 'Read records as JSON envelopes, as `kaw consume --json` writes them'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l whole -d 'Make each file one record'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l skip-empty -d 'Drop empty records, and count them'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l crlf -d 'Take a carriage return before a newline away'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l keep-partition -d 'With --json, keep the partition of each envelope'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s Z -l null -d 'Make an empty value null: a tombstone'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l sync -d 'Send one record at a time, and wait for it'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l create -d 'Create a missing topic on brokers too'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -l internal -d 'Allow a topic that Kafka keeps for itself'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand produce" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s o -l offset -d 'From where, and to where: start, end, N, -N, +N, @TIME, FROM:TO [default: start]' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s p -l partitions -d 'Only these partitions: 0,2-4' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s n -l count -d 'Stop after N records' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l idle -d 'Stop when no record has come for this long' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s g -l group -d 'Join this group and share its partitions; commit what stdout has accepted' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l assignor -d 'Who gets which partition: range, roundrobin, sticky, cooperative-sticky' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l exec -d 'Run this command for each batch, with the records on its stdin; last on the line, no shell' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l batch -d 'Give the command at most N records at once' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l retry -d 'Run the command again, at most N times, when it fails' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l rate -d 'Read at most so many records, or bytes, a second: 1000/s, 1MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s f -l format -d 'Write records in this form: %s value, %k key, %t topic, %p partition, %o offset, %T %d time, %h headers' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l json -d 'Write records as JSON envelopes; `parsed` puts in values that are JSON as JSON' -r -f -a "lossless\t'As a string, or base64: reads back to the same bytes'
parsed\t'As JSON, where it is JSON'"
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l key -d 'Only records with this key' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l grep -d 'Only records whose value matches this regular expression' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s e -l exit -d 'Stop at the end as it is now'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s J -d 'The same as --json'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -l raw -d 'Write values as they are, with nothing behind them'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand consume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "assign" -d 'Show which member of a group would get which partitions'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "list" -d 'List consumer groups'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "describe" -d 'Describe consumer groups: state, and where they stand in each partition'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "members" -d 'Show the members of a consumer group, and the partitions that each owns'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "reset" -d 'Set the committed offsets of a consumer group'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "skip" -d 'Move a consumer group past the next records of a partition'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "delete" -d 'Delete consumer groups with all that they committed'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and not __fish_seen_subcommand_from assign list describe members reset skip delete forget" -f -a "forget" -d 'Forget what a consumer group committed for a topic'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l members -d 'How many members there are; they are called member-1, member-2, ..' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l member -d 'A member by its own name, with the topics that it wants if not all; repeatable' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l assignor -d 'Who decides: range, roundrobin, sticky, cooperative-sticky' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from assign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l state -d 'Only groups in this state: stable, preparingrebalance, empty or dead' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from describe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from members" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l to -d 'Go to `start`, `end`, N, -N (before the end), +N (after the start) or @TIME' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l to-file -d 'Go to the offsets in this file' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l to-group -d 'Go to where this group stands' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l topic -d 'Only this topic, or these partitions of it: users, users:0,2-4' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l execute -d 'Do it'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from reset" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l count -d 'How many offsets to skip' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l execute -d 'Do it'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from skip" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l topic -d 'The topic, or some of its partitions: users, users:0,2-4' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand groups; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l topic -d 'Only this topic, or some of its partitions' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l by -d 'What a row is of' -r -f -a "partition\t'A partition'
topic\t'A topic'
member\t'A member'
group\t'A group'"
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l watch -d 'Look again and again, with rates, until SIGINT [default: 2s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s n -l count -d 'With --watch, end after so many looks' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l max -d 'Exit with 9 if the lag of a row is above this' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l max-age -d 'Exit with 9 if the age of a row is above this' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l output -d 'Answer in this form' -r -f -a "table\t'Columns for people'
json\t'One JSON object'
tsv\t'Tab-separated values'
openmetrics\t'The text format of OpenMetrics'"
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l wait -d 'Wait until nothing is unread, at most --timeout if that is given'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand lag" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -f -a "produce" -d 'Measure how many records a topic takes, and how fast'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -f -a "consume" -d 'Measure how fast a topic is read'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -f -a "latency" -d 'Measure how long records take to a consumer'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -f -a "compare" -d 'Compare two runs, or two commands in turns'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and not __fish_seen_subcommand_from produce consume latency compare matrix" -f -a "matrix" -d 'Measure producing over acknowledgements, codecs and batch sizes'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s n -l records -d 'Measure so many records, of all producers together' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l duration -d 'Measure for this long [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l warmup -d 'Send for this long before measuring [default: 1s; 0s with --records]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l rate -d 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l producers -d 'Send by so many producers' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l record-size -d 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l keys -d 'Give records one of so many keys' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l skew -d 'Draw keys by Zipf\'s law with this exponent, as 0.99; 0 is evenly' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l compressible -d 'How much of a value compresses away, in percent' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l seed -d 'What keys, sizes and values are drawn from' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l partitioner -d 'Who chooses the partition: murmur2, crc32, round-robin, random' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l linger -d 'Let a record that is due wait this long for others [default: 0s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l partitions -d 'Partitions of a topic that has to be created [default: 1]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l acks -d 'Count a record as done when: 0 sent, 1 the log has it, all it is on disk' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s z -l compression -d 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic\'s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l batch-size -d 'Bytes of a batch before compression [default: what the target takes as such]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l save -d 'Save the run as JSON, for `kaw bench compare`' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l plot -d 'Draw the run' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l max-p99 -d 'Exit with 9 if the 99th percentile of latency is above this' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l min-rate -d 'Exit with 9 if fewer records, or bytes, a second were done' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l fake -d 'Send generated users'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l create -d 'Create a missing topic on brokers too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l keep -d 'Keep a topic that was created for this'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from produce" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l consumers -d 'Read by so many consumers, which share the partitions' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s n -l records -d 'Read at most so many records' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l duration -d 'With --follow, for this long [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l save -d 'Save the run as JSON, for `kaw bench compare`' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l plot -d 'Draw the run' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l max-p99 -d 'Exit with 9 if the 99th percentile of latency is above this' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l min-rate -d 'Exit with 9 if fewer records, or bytes, a second were done' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l follow -d 'Read what comes from now on'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from consume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l consumers -d 'Read by so many consumers, which share the partitions' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s n -l records -d 'Measure so many records, of all producers together' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l duration -d 'Measure for this long [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l warmup -d 'Send for this long before measuring [default: 1s; 0s with --records]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l rate -d 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l producers -d 'Send by so many producers' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l record-size -d 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l keys -d 'Give records one of so many keys' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l skew -d 'Draw keys by Zipf\'s law with this exponent, as 0.99; 0 is evenly' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l compressible -d 'How much of a value compresses away, in percent' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l seed -d 'What keys, sizes and values are drawn from' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l partitioner -d 'Who chooses the partition: murmur2, crc32, round-robin, random' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l linger -d 'Let a record that is due wait this long for others [default: 0s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l partitions -d 'Partitions of a topic that has to be created [default: 1]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l acks -d 'Count a record as done when: 0 sent, 1 the log has it, all it is on disk' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s z -l compression -d 'Compress batches: none, gzip, snappy, lz4, zstd [default: the topic\'s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l batch-size -d 'Bytes of a batch before compression [default: what the target takes as such]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l save -d 'Save the run as JSON, for `kaw bench compare`' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l plot -d 'Draw the run' -r -F
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l max-p99 -d 'Exit with 9 if the 99th percentile of latency is above this' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l min-rate -d 'Exit with 9 if fewer records, or bytes, a second were done' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l fake -d 'Send generated users'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l create -d 'Create a missing topic on brokers too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l keep -d 'Keep a topic that was created for this'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from latency" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l pairs -d 'How often each command is run [default: 5]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l acks -d 'Levels of acknowledgement' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s z -l compression -d 'Codecs' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l batch-size -d 'Batch sizes [default: what the target takes as such]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s n -l records -d 'Measure so many records, of all producers together' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l duration -d 'Measure for this long [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l warmup -d 'Send for this long before measuring [default: 1s; 0s with --records]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l rate -d 'Send at this rate whatever happens, records or bytes: 50k/s, 10MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l producers -d 'Send by so many producers' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l record-size -d 'The size of values, or a range of sizes: 1KiB, 100:2000 [default: 100]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l keys -d 'Give records one of so many keys' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l skew -d 'Draw keys by Zipf\'s law with this exponent, as 0.99; 0 is evenly' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l compressible -d 'How much of a value compresses away, in percent' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l seed -d 'What keys, sizes and values are drawn from' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l partitioner -d 'Who chooses the partition: murmur2, crc32, round-robin, random' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l linger -d 'Let a record that is due wait this long for others [default: 0s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l partitions -d 'Partitions of a topic that has to be created [default: 1]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l fake -d 'Send generated users'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l create -d 'Create a missing topic on brokers too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l keep -d 'Keep a topic that was created for this'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand bench; and __fish_seen_subcommand_from matrix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l seed -d 'What the users are drawn from' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l rate -d 'At most so many users, or bytes, a second: 1000/s, 1MiB/s' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l start-id -d 'The id of the first user' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand fake" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand fake" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand fake" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand fake" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand fake" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand config" -l output -d 'Answer in this form' -r -f -a "table\t''
json\t''
tsv\t''"
complete -c kaw -n "__fish_kaw_using_subcommand config" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand config" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand config" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand config" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand config" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand config" -l json -d 'Answer in JSON, as `--output json`; errors too'
complete -c kaw -n "__fish_kaw_using_subcommand config" -l no-headers -d 'Leave out the line of headers'
complete -c kaw -n "__fish_kaw_using_subcommand config" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand config" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c kaw -n "__fish_kaw_using_subcommand completions" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand completions" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand completions" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand completions" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand completions" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand completions" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand completions" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand completions" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand man" -s d -l log-dir -d 'Work on this log directory, in Kafka\'s own format [env: KAW_LOG_DIR]' -r -f -a "(__fish_complete_directories)"
complete -c kaw -n "__fish_kaw_using_subcommand man" -s b -l brokers -l bootstrap-server -d 'Work on these brokers [env: KAW_BROKERS]' -r
complete -c kaw -n "__fish_kaw_using_subcommand man" -l profile -d 'Work on the target of this profile in config.toml [env: KAW_PROFILE]' -r
complete -c kaw -n "__fish_kaw_using_subcommand man" -l color -d 'Use colour on stderr and in help' -r -f -a "auto\t''
always\t''
never\t''"
complete -c kaw -n "__fish_kaw_using_subcommand man" -l timeout -d 'Wait at most this long for the cluster [default: 10s]' -r
complete -c kaw -n "__fish_kaw_using_subcommand man" -s q -l quiet -d 'Say nothing but answers, warnings and errors'
complete -c kaw -n "__fish_kaw_using_subcommand man" -s v -l verbose -d 'Say more about what is done'
complete -c kaw -n "__fish_kaw_using_subcommand man" -s h -l help -d 'Print help'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "topics" -d 'Create, show, change and delete topics'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "produce" -d 'Write records to a topic'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "consume" -d 'Read records from topics'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "groups" -d 'Show, reset and delete consumer groups'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "lag" -d 'Show how much consumer groups have not read, in records and in time'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "bench" -d 'Measure throughput and latency'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "fake" -d 'Print generated users as JSON lines'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "config" -d 'Show the settings that hold, and where each came from'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "completions" -d 'Print the script that completes command lines in a shell'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "man" -d 'Print the manual page of kaw, or of one of its commands'
complete -c kaw -n "__fish_kaw_using_subcommand help; and not __fish_seen_subcommand_from topics produce consume groups lag bench fake config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "list" -d 'List topics with their size and age'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "create" -d 'Create topics'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "describe" -d 'Describe the partitions of topics, and their configs'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "alter" -d 'Change the partitions and configs of a topic'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "delete" -d 'Delete topics with all their records'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from topics" -f -a "trim" -d 'Delete the records of a topic before an offset'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "assign" -d 'Show which member of a group would get which partitions'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "list" -d 'List consumer groups'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "describe" -d 'Describe consumer groups: state, and where they stand in each partition'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "members" -d 'Show the members of a consumer group, and the partitions that each owns'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "reset" -d 'Set the committed offsets of a consumer group'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "skip" -d 'Move a consumer group past the next records of a partition'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "delete" -d 'Delete consumer groups with all that they committed'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from groups" -f -a "forget" -d 'Forget what a consumer group committed for a topic'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "produce" -d 'Measure how many records a topic takes, and how fast'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "consume" -d 'Measure how fast a topic is read'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "latency" -d 'Measure how long records take to a consumer'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "compare" -d 'Compare two runs, or two commands in turns'
complete -c kaw -n "__fish_kaw_using_subcommand help; and __fish_seen_subcommand_from bench" -f -a "matrix" -d 'Measure producing over acknowledgements, codecs and batch sizes'
