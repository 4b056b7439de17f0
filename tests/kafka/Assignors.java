// Asks Kafka's own assignors. Run it by itself, with Kafka's jars:
//
//   java -cp "$(tests/kafka/fetch)/*" tests/kafka/Assignors.java < cases
//
// A case is lines of fields between tabs: `topic NAME PARTITIONS`, `member ID INSTANCE GENERATION
// TOPICS OWNED` (INSTANCE may be empty, TOPICS and OWNED are lists with commas, of names and of
// NAME:PARTITION), and `end`. For each assignor it prints a line `= NAME` or `! NAME REASON`, after
// the former a line `ID OWNED` for each member, and `end` after all four.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class Assignors {
    record Member(
        String id, String instance, int generation, List<String> topics, List<TopicPartition> owned) {}

    static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Map<String, Integer> topics = new LinkedHashMap<>();
        List<Member> members = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] f = line.split("\t", -1);
            switch (f[0]) {
                case "topic" -> topics.put(f[1], Integer.parseInt(f[2]));
                case "member" -> members.add(
                    new Member(f[1], f[2], Integer.parseInt(f[3]), list(f[4]), partitions(f[5])));
                case "end" -> {
                    ask(topics, members);
                    topics.clear();
                    members.clear();
                }
                default -> throw new IllegalArgumentException(line);
            }
        }
        OUT.flush();
    }

    static List<String> list(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(","));
    }

    static List<TopicPartition> partitions(String text) {
        List<TopicPartition> found = new ArrayList<>();
        for (String one : list(text)) {
            int at = one.indexOf(':');
            found.add(new TopicPartition(one.substring(0, at), Integer.parseInt(one.substring(at + 1))));
        }
        return found;
    }

    static void ask(Map<String, Integer> topics, List<Member> members) {
        Node node = new Node(0, "localhost", 9092);
        Node[] nodes = {node};
        List<PartitionInfo> infos = new ArrayList<>();
        topics.forEach((topic, count) -> {
            for (int i = 0; i < count; i++) infos.add(new PartitionInfo(topic, i, node, nodes, nodes));
        });
        Cluster cluster = new Cluster("c", List.of(node), infos, Set.of(), Set.of());
        ask(cluster, members, RangeAssignor::new, false);
        ask(cluster, members, RoundRobinAssignor::new, false);
        ask(cluster, members, StickyAssignor::new, true);
        ask(cluster, members, CooperativeStickyAssignor::new, false);
        OUT.println("end");
    }

    // A new assignor for each question: they remember.
    static void ask(
            Cluster cluster, List<Member> members, Supplier<ConsumerPartitionAssignor> make, boolean eager) {
        ConsumerPartitionAssignor assignor = make.get();
        Map<String, Subscription> subscriptions = new HashMap<>();
        for (Member m : members) {
            // The eager one gives everything back before it joins, and tells of it in its own way.
            boolean saysNothing = m.generation < 0 && m.owned.isEmpty();
            ByteBuffer said = eager && !saysNothing ? previous(m) : null;
            List<TopicPartition> owned = eager ? List.of() : m.owned;
            var subscription =
                new Subscription(m.topics, said, owned, m.generation, Optional.empty());
            subscription.setGroupInstanceId(Optional.of(m.instance).filter(i -> !i.isEmpty()));
            subscriptions.put(m.id, subscription);
        }
        try {
            var answer = assignor.assign(cluster, new GroupSubscription(subscriptions)).groupAssignment();
            OUT.println("=\t" + assignor.name());
            answer.forEach((id, assignment) -> {
                List<String> names = new ArrayList<>();
                assignment.partitions().forEach(tp -> names.add(tp.topic() + ":" + tp.partition()));
                OUT.println(id + "\t" + String.join(",", names));
            });
        } catch (RuntimeException e) {
            OUT.println("!\t" + assignor.name() + "\t" + e.getClass().getSimpleName());
        }
    }

    // What StickyAssignor.subscriptionUserData makes, version 1.
    static ByteBuffer previous(Member member) {
        Map<String, List<Integer>> byTopic = new LinkedHashMap<>();
        member.owned.forEach(tp ->
            byTopic.computeIfAbsent(tp.topic(), t -> new ArrayList<>()).add(tp.partition()));
        ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
        buffer.putInt(byTopic.size());
        byTopic.forEach((topic, partitions) -> {
            byte[] name = topic.getBytes(StandardCharsets.UTF_8);
            buffer.putShort((short) name.length).put(name).putInt(partitions.size());
            partitions.forEach(buffer::putInt);
        });
        return buffer.putInt(member.generation).flip();
    }
}
