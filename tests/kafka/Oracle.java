// Asks brokers through Kafka's own clients, for tests that compare. Run it with Kafka's jars:
//
//   java -cp "$(tests/kafka/fetch)/*" tests/kafka/Oracle.java
//
// A question is a line of JSON on stdin: {"id": N, "at": BOOTSTRAP, "do": WORD, ...}, where "config"
// holds more properties for the client; the words and what goes with them are in `answer` below. An
// answer is a line of JSON on stdout, {"id": N, "ok": ...} or {"id": N, "error": CLASS, "why": TEXT}.
// Questions are answered side by side, in whatever order they are done. Keys, values and values of
// headers are base64 or null. Ends, with all members that it keeps, at the end of stdin.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.quota.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Oracle {
    static final ObjectMapper JSON = new ObjectMapper();
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static final Map<Map<String, Object>, Admin> ADMINS = new ConcurrentHashMap<>();
    static final Map<String, Member> MEMBERS = new ConcurrentHashMap<>();
    static final Duration PATIENCE = Duration.ofSeconds(30);

    public static void main(String[] args) throws Exception {
        var pool = Executors.newCachedThreadPool();
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode question = JSON.readTree(line);
            pool.submit(() -> reply(question));
        }
        System.exit(0);
    }

    static void reply(JsonNode question) {
        Map<String, Object> reply = new LinkedHashMap<>();
        reply.put("id", question.get("id").asLong());
        try {
            reply.put("ok", answer(question));
        } catch (Throwable e) {
            Throwable cause = e;
            while (cause instanceof ExecutionException && cause.getCause() != null) {
                cause = cause.getCause();
            }
            reply.put("error", cause.getClass().getSimpleName());
            reply.put("why", String.valueOf(cause.getMessage()));
        }
        try {
            String line = JSON.writeValueAsString(reply);
            synchronized (OUT) {
                OUT.println(line);
            }
        } catch (Exception e) {
            e.printStackTrace();
        }
    }

    static Object answer(JsonNode q) throws Exception {
        return switch (text(q, "do")) {
            // {nodes}: waits until the cluster has that many.
            case "ready" -> ready(q);
            // {topic, partitions, factor?, configs?}
            case "create" -> create(q);
            // {topics}
            case "delete" -> admin(q).deleteTopics(texts(q, "topics")).all().get();
            // {}: also internal ones
            case "topics" -> topics(q);
            // {topic, configs}: a null takes a config back
            case "configure" -> configure(q);
            // {client, limits}: of clients of that id, as producer_byte_rate
            case "quota" -> quota(q);
            // {topic, spec: "start", "end", "max" or a time, isolation?}
            case "offsets" -> offsets(q);
            // {topic, records: [{partition?, timestamp?, key, value, headers}], end?: "commit",
            // "abort" or "open", for a transaction, config?}
            case "produce" -> produce(q);
            // {topic, isolation?}: everything that is there now
            case "consume" -> consume(q);
            // {topic, partition, before}
            case "trim" -> admin(q).deleteRecords(Map.of(partition(q),
                RecordsToDelete.beforeOffset(q.get("before").asLong()))).all().get();
            // {user, password, mechanism?}: for SCRAM-SHA-256, or another of SCRAM
            case "user" -> admin(q).alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                text(q, "user"), new ScramCredentialInfo(ScramMechanism.fromMechanismName(
                    q.has("mechanism") ? text(q, "mechanism") : "SCRAM-SHA-256"), 4096),
                text(q, "password")))).all().get();
            // {user}: takes what it logs in with by SCRAM-SHA-256
            case "forget-user" -> admin(q).alterUserScramCredentials(List.of(new UserScramCredentialDeletion(
                text(q, "user"), ScramMechanism.SCRAM_SHA_256))).all().get();
            // {user, type, name, operations}: allows them, by the names of Kafka's enums
            case "allow" -> admin(q).createAcls(texts(q, "operations").stream().map(o -> new AclBinding(
                new ResourcePattern(ResourceType.valueOf(text(q, "type")), text(q, "name"), PatternType.LITERAL),
                new AccessControlEntry("User:" + text(q, "user"), "*", AclOperation.valueOf(o),
                    AclPermissionType.ALLOW))).toList()).all().get();
            // {}
            case "groups" -> admin(q).listGroups().all().get().stream()
                .sorted(Comparator.comparing(GroupListing::groupId))
                .map(g -> row("group", g.groupId(), "type", g.type().map(Object::toString).orElse(null),
                    "protocol", g.protocol(), "state", g.groupState().map(Object::toString).orElse(null)))
                .toList();
            // {group}
            case "group" -> group(q);
            // {group}
            case "share-group" -> shareGroup(q);
            // {group}
            case "committed" -> committed(q);
            // {group, offsets: [{topic, partition, offset, metadata?}]}
            case "commit" -> admin(q).alterConsumerGroupOffsets(text(q, "group"), positions(q)).all().get();
            // {group}
            case "delete-group" -> admin(q).deleteConsumerGroups(List.of(text(q, "group"))).all().get();
            // {name, group, topics, config?, share?}: joins, answers once there is an assignment
            case "join" -> join(q);
            // {name}
            case "member" -> MEMBERS.get(text(q, "name")).say();
            // {name, offsets?}: of what was read, or those
            case "member-commit" -> MEMBERS.get(text(q, "name")).commit(q.has("offsets") ? positions(q) : null);
            // {name}
            case "leave" -> MEMBERS.remove(text(q, "name")).leave();
            default -> throw new IllegalArgumentException("no such word: " + text(q, "do"));
        };
    }

    // Pieces of questions and answers.

    static String text(JsonNode q, String name) {
        return q.get(name).asText();
    }

    static List<String> texts(JsonNode q, String name) {
        List<String> found = new ArrayList<>();
        q.get(name).forEach(one -> found.add(one.asText()));
        return found;
    }

    static TopicPartition partition(JsonNode q) {
        return new TopicPartition(text(q, "topic"), q.get("partition").asInt());
    }

    static Map<TopicPartition, OffsetAndMetadata> positions(JsonNode q) {
        Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
        q.get("offsets").forEach(o -> found.put(partition(o), new OffsetAndMetadata(
            o.get("offset").asLong(), o.has("metadata") ? text(o, "metadata") : "")));
        return found;
    }

    static Map<String, Object> row(Object... fields) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 0; i < fields.length; i += 2) row.put((String) fields[i], fields[i + 1]);
        return row;
    }

    static byte[] bytes(JsonNode node) {
        return node == null || node.isNull() ? null : Base64.getDecoder().decode(node.asText());
    }

    static String base64(byte[] bytes) {
        return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
    }

    static List<Object> rows(Collection<TopicPartition> partitions) {
        return partitions.stream()
            .sorted(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition))
            .<Object>map(tp -> row("topic", tp.topic(), "partition", tp.partition()))
            .toList();
    }

    // What every client is given, then what the question says.
    static Map<String, Object> properties(JsonNode q, Object... fields) {
        Map<String, Object> properties = row(fields);
        properties.put("bootstrap.servers", text(q, "at"));
        if (q.has("config")) q.get("config").fields().forEachRemaining(e -> properties.put(e.getKey(), e.getValue().asText()));
        return properties;
    }

    static Admin admin(JsonNode q) {
        return ADMINS.computeIfAbsent(properties(q), Admin::create);
    }

    // Topics.

    static Object ready(JsonNode q) throws Exception {
        for (long until = System.nanoTime() + PATIENCE.toNanos(); ; Thread.sleep(20)) {
            int nodes = admin(q).describeCluster().nodes().get().size();
            if (nodes == q.get("nodes").asInt()) return nodes;
            if (System.nanoTime() > until) throw new TimeoutException(nodes + " nodes");
        }
    }

    static Object create(JsonNode q) throws Exception {
        Map<String, String> configs = new HashMap<>();
        if (q.has("configs")) q.get("configs").fields().forEachRemaining(e -> configs.put(e.getKey(), e.getValue().asText()));
        Optional<Short> factor = Optional.ofNullable(q.get("factor")).map(f -> (short) f.asInt());
        var topic = new NewTopic(text(q, "topic"), Optional.of(q.get("partitions").asInt()), factor);
        admin(q).createTopics(List.of(topic.configs(configs))).all().get();
        // The controller has it; the brokers learn of it a little later.
        for (long until = System.nanoTime() + PATIENCE.toNanos(); ; Thread.sleep(5)) {
            try {
                var found = admin(q).describeTopics(List.of(topic.name())).allTopicNames().get().get(topic.name());
                boolean led = found.partitions().stream().allMatch(p -> p.leader() != null && !p.leader().isEmpty());
                if (led) return found.topicId().toString();
            } catch (ExecutionException e) {
                if (System.nanoTime() > until) throw e;
            }
        }
    }

    static Object topics(JsonNode q) throws Exception {
        Admin admin = admin(q);
        Set<String> names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        Map<String, TopicDescription> topics = admin.describeTopics(names).allTopicNames().get();
        var resources = names.stream().map(n -> new ConfigResource(ConfigResource.Type.TOPIC, n)).toList();
        var configs = admin.describeConfigs(resources).all().get();
        return names.stream().sorted().map(name -> {
            TopicDescription topic = topics.get(name);
            Map<String, String> own = new TreeMap<>();
            configs.get(new ConfigResource(ConfigResource.Type.TOPIC, name)).entries().stream()
                .filter(c -> c.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG)
                .forEach(c -> own.put(c.name(), c.value()));
            var partitions = topic.partitions().stream().map(p -> row("partition", p.partition(),
                "leader", p.leader() == null ? -1 : p.leader().id(),
                "replicas", p.replicas().stream().map(n -> n.id()).toList(),
                "isr", p.isr().stream().map(n -> n.id()).toList())).toList();
            return row("topic", name, "id", topic.topicId().toString(), "internal", topic.isInternal(),
                "configs", own, "partitions", partitions);
        }).toList();
    }

    static Object configure(JsonNode q) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        q.get("configs").fields().forEachRemaining(e -> changes.add(e.getValue().isNull()
            ? new AlterConfigOp(new ConfigEntry(e.getKey(), ""), AlterConfigOp.OpType.DELETE)
            : new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue().asText()), AlterConfigOp.OpType.SET)));
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, text(q, "topic"));
        return admin(q).incrementalAlterConfigs(Map.of(topic, changes)).all().get();
    }

    static Object quota(JsonNode q) throws Exception {
        List<ClientQuotaAlteration.Op> limits = new ArrayList<>();
        q.get("limits").fields().forEachRemaining(e ->
            limits.add(new ClientQuotaAlteration.Op(e.getKey(), e.getValue().asDouble())));
        var clients = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, text(q, "client")));
        return admin(q).alterClientQuotas(List.of(new ClientQuotaAlteration(clients, limits))).all().get();
    }

    static List<TopicPartition> partitionsOf(JsonNode q) throws Exception {
        String topic = text(q, "topic");
        return admin(q).describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions()
            .stream().map(p -> new TopicPartition(topic, p.partition())).toList();
    }

    static IsolationLevel isolation(JsonNode q) {
        boolean committed = q.has("isolation") && text(q, "isolation").equals("read_committed");
        return committed ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED;
    }

    static Object offsets(JsonNode q) throws Exception {
        OffsetSpec spec = switch (text(q, "spec")) {
            case "start" -> OffsetSpec.earliest();
            case "end" -> OffsetSpec.latest();
            case "max" -> OffsetSpec.maxTimestamp();
            default -> OffsetSpec.forTimestamp(q.get("spec").asLong());
        };
        Map<TopicPartition, OffsetSpec> wanted = new LinkedHashMap<>();
        partitionsOf(q).forEach(tp -> wanted.put(tp, spec));
        var found = admin(q).listOffsets(wanted, new ListOffsetsOptions(isolation(q))).all().get();
        return wanted.keySet().stream().map(tp -> row("partition", tp.partition(),
            "offset", found.get(tp).offset(), "timestamp", found.get(tp).timestamp())).toList();
    }

    // Records.

    static Object produce(JsonNode q) throws Exception {
        Map<String, Object> properties = properties(q,
            "key.serializer", ByteArraySerializer.class.getName(),
            "value.serializer", ByteArraySerializer.class.getName(), "linger.ms", "5");
        boolean transactional = q.has("end");
        if (transactional) properties.putIfAbsent("transactional.id", UUID.randomUUID().toString());
        var producer = new KafkaProducer<byte[], byte[]>(properties);
        try {
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (JsonNode r : q.get("records")) {
                var record = new ProducerRecord<>(text(q, "topic"),
                    r.has("partition") ? r.get("partition").asInt() : null,
                    r.has("timestamp") ? r.get("timestamp").asLong() : null,
                    bytes(r.get("key")), bytes(r.get("value")));
                if (r.has("headers")) r.get("headers").forEach(h -> record.headers().add(h.get(0).asText(), bytes(h.get(1))));
                sent.add(producer.send(record));
            }
            producer.flush();
            List<Object> places = new ArrayList<>();
            for (var one : sent) {
                places.add(row("partition", one.get().partition(), "offset", one.get().offset(), "timestamp", one.get().timestamp()));
            }
            if (transactional) {
                if (text(q, "end").equals("abort")) producer.abortTransaction();
                else if (text(q, "end").equals("commit")) producer.commitTransaction();
            }
            return places;
        } finally {
            // Closing it would abort what is to stay open.
            if (!transactional || !text(q, "end").equals("open")) producer.close();
        }
    }

    static Map<String, Object> reader(JsonNode q) {
        return properties(q, "key.deserializer", ByteArrayDeserializer.class.getName(),
            "value.deserializer", ByteArrayDeserializer.class.getName());
    }

    static Object consume(JsonNode q) throws Exception {
        List<TopicPartition> partitions = partitionsOf(q);
        List<Map<String, Object>> records = new ArrayList<>();
        Map<String, Object> properties = reader(q);
        properties.put("isolation.level", isolation(q).toString());
        try (var consumer = new KafkaConsumer<byte[], byte[]>(properties)) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long until = System.nanoTime() + PATIENCE.toNanos();
            // Markers and holes have offsets too, so the positions tell what is done.
            while (partitions.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp))) {
                if (System.nanoTime() > until) throw new TimeoutException(records.size() + " records");
                for (var r : consumer.poll(Duration.ofMillis(100))) records.add(record(r));
            }
        }
        records.sort(Comparator.comparing((Map<String, Object> r) -> (Integer) r.get("partition"))
            .thenComparing(r -> (Long) r.get("offset")));
        return records;
    }

    static Map<String, Object> record(ConsumerRecord<byte[], byte[]> r) {
        List<Object> headers = new ArrayList<>();
        for (Header h : r.headers()) headers.add(Arrays.asList(h.key(), base64(h.value())));
        return row("partition", r.partition(), "offset", r.offset(), "timestamp", r.timestamp(),
            "timestamp_type", r.timestampType().toString(), "key", base64(r.key()),
            "value", base64(r.value()), "headers", headers);
    }

    // Groups.

    static Object group(JsonNode q) throws Exception {
        String id = text(q, "group");
        ConsumerGroupDescription g = admin(q).describeConsumerGroups(List.of(id)).all().get().get(id);
        var members = g.members().stream()
            .sorted(Comparator.comparing(MemberDescription::consumerId))
            .map(m -> row("member", m.consumerId(), "instance", m.groupInstanceId().orElse(null),
                "client", m.clientId(), "host", m.host(), "epoch", m.memberEpoch().orElse(null),
                "assignment", rows(m.assignment().topicPartitions())))
            .toList();
        return row("group", id, "type", g.type().toString(), "state", g.groupState().toString(),
            "assignor", g.partitionAssignor(), "epoch", g.groupEpoch().orElse(null),
            "coordinator", g.coordinator().id(), "members", members);
    }

    static Object shareGroup(JsonNode q) throws Exception {
        String id = text(q, "group");
        ShareGroupDescription g = admin(q).describeShareGroups(List.of(id)).all().get().get(id);
        var members = g.members().stream()
            .map(m -> row("member", m.consumerId(), "client", m.clientId(), "host", m.host(),
                "epoch", m.memberEpoch(), "assignment", rows(m.assignment().topicPartitions())))
            .toList();
        return row("group", id, "state", g.groupState().toString(), "members", members);
    }

    static Object committed(JsonNode q) throws Exception {
        String id = text(q, "group");
        var found = admin(q).listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata(id).get();
        return found.keySet().stream()
            .sorted(Comparator.comparing(TopicPartition::topic).thenComparing(TopicPartition::partition))
            .filter(tp -> found.get(tp) != null)
            .map(tp -> row("topic", tp.topic(), "partition", tp.partition(),
                "offset", found.get(tp).offset(), "epoch", found.get(tp).leaderEpoch().orElse(null),
                "metadata", found.get(tp).metadata()))
            .toList();
    }

    static Object join(JsonNode q) throws Exception {
        Map<String, Object> properties = reader(q);
        properties.put("group.id", text(q, "group"));
        Member member = q.has("share") && q.get("share").asBoolean()
            ? new Sharer(properties, texts(q, "topics")) : new Consumer(properties, texts(q, "topics"));
        MEMBERS.put(text(q, "name"), member);
        member.start();
        Object joined = member.joined.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        if (member instanceof Sharer) awaitSharer(q);
        return joined;
    }

    // Its consumer does not tell whether it has joined: the broker does.
    static void awaitSharer(JsonNode q) throws Exception {
        String id = text(q, "group");
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                if (!admin(q).describeShareGroups(List.of(id)).all().get().get(id).members().isEmpty()) return;
            } catch (ExecutionException e) {
                if (!(e.getCause() instanceof GroupIdNotFoundException)) throw e;
            }
            if (System.nanoTime() > until) throw new IllegalStateException("does not join " + id);
            Thread.sleep(50);
        }
    }

    // A member, which polls until it is told to leave. Consumers are of one thread: the others
    // leave it notes.
    abstract static class Member extends Thread {
        final CompletableFuture<Object> joined = new CompletableFuture<>();
        final BlockingQueue<FutureTask<?>> notes = new LinkedBlockingQueue<>();
        volatile boolean leaving;
        long records;

        abstract void poll();

        abstract Object say();

        abstract Object commit(Map<TopicPartition, OffsetAndMetadata> offsets) throws Exception;

        abstract void close();

        @Override
        public void run() {
            try {
                while (!leaving) {
                    poll();
                    for (var note = notes.poll(); note != null; note = notes.poll()) note.run();
                }
            } catch (Throwable e) {
                joined.completeExceptionally(e);
            } finally {
                close();
            }
        }

        <T> T ask(Callable<T> question) throws Exception {
            var note = new FutureTask<>(question);
            notes.add(note);
            return note.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }

        Object leave() throws InterruptedException {
            leaving = true;
            join(PATIENCE.toMillis());
            return records;
        }
    }

    static class Consumer extends Member {
        final KafkaConsumer<byte[], byte[]> consumer;
        volatile Object said;

        Consumer(Map<String, Object> properties, List<String> topics) {
            properties.putIfAbsent("auto.offset.reset", "earliest");
            properties.putIfAbsent("enable.auto.commit", "false");
            consumer = new KafkaConsumer<>(properties);
            consumer.subscribe(topics);
        }

        @Override
        void poll() {
            records += consumer.poll(Duration.ofMillis(50)).count();
            said = row("member", consumer.groupMetadata().memberId(), "generation", consumer.groupMetadata().generationId(),
                "records", records, "assignment", rows(consumer.assignment()));
            if (!consumer.assignment().isEmpty()) joined.complete(said);
        }

        @Override
        Object say() {
            return said;
        }

        @Override
        Object commit(Map<TopicPartition, OffsetAndMetadata> offsets) throws Exception {
            return ask(() -> {
                if (offsets == null) consumer.commitSync();
                else consumer.commitSync(offsets);
                return records;
            });
        }

        @Override
        void close() {
            consumer.close();
        }
    }

    static class Sharer extends Member {
        final KafkaShareConsumer<byte[], byte[]> consumer;

        Sharer(Map<String, Object> properties, List<String> topics) {
            consumer = new KafkaShareConsumer<>(properties);
            consumer.subscribe(topics);
        }

        @Override
        void poll() {
            records += consumer.poll(Duration.ofMillis(50)).count();
            joined.complete(row("records", records));
        }

        @Override
        Object say() {
            return row("records", records);
        }

        @Override
        Object commit(Map<TopicPartition, OffsetAndMetadata> offsets) throws Exception {
            return ask(() -> consumer.commitSync().size());
        }

        @Override
        void close() {
            consumer.close();
        }
    }
}
