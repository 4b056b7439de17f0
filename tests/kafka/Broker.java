// A broker of Kafka's (KRaft, controller and broker in one) that does not outlive its parent. Run
// it with Kafka's jars:
//
//   java -cp "$(tests/kafka/fetch)/*" tests/kafka/Broker.java FOLDER CLUSTER_ID
//
// FOLDER has server.properties, whose log.dirs are formatted where they are new. Says `ready` on
// stdout once clients are served. On SIGTERM it shuts down as a broker does. At the end of stdin,
// which is the end of its parent, it removes FOLDER and is gone.

import java.io.FileReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
import org.apache.kafka.common.utils.Time;

public class Broker {
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Thread orphan = new Thread(() -> haltWithParent(folder), "parent");
        orphan.setDaemon(true);
        orphan.start();
        String file = folder.resolve("server.properties").toString();
        String[] format = {"format", "--ignore-formatted", "-c", file, "-t", args[1]};
        PrintStream quiet = new PrintStream(PrintStream.nullOutputStream());
        if (StorageTool.execute(format, quiet) != 0) StorageTool.execute(format, System.err);
        Properties properties = new Properties();
        try (FileReader reader = new FileReader(file)) {
            properties.load(reader);
        }
        var server = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "shutdown"));
        try {
            server.startup();
        } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
        System.out.println("ready");
        server.awaitShutdown();
    }

    static void haltWithParent(Path folder) {
        try {
            while (System.in.read() >= 0) {}
            // Twice: meanwhile the broker makes files.
            for (int i = 0; i < 2; i++) remove(folder);
        } catch (IOException e) {
            // Whatever it was, nobody is there to be told.
        } finally {
            Runtime.getRuntime().halt(130);
        }
    }

    static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (var paths = Files.walk(folder)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (java.io.UncheckedIOException e) {
            // A file was gone before we were there.
        }
    }
}
