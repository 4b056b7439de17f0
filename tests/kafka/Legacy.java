// Logs in the message formats 0 and 1, written by Kafka's own builder, and what Kafka's own reader
// makes of them. Run it with Kafka's jars:
//
//   java -cp "$(tests/kafka/fetch)/*" tests/kafka/Legacy.java FOLDER
//
// FOLDER gets `meta.properties`, a partition for each format and codec, and `expected.json`.

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

public class Legacy {
    static final long TIME = 1_700_000_000_000L;

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("meta.properties"), "version=0\nbroker.id=1\n");
        Map<String, Object> expected = new LinkedHashMap<>();
        for (byte magic = 0; magic < 2; magic++) {
            for (String codec : List.of("none", "gzip", "snappy", "lz4")) {
                log(folder, expected, "v" + magic + "-" + codec, magic, codec, TimestampType.CREATE_TIME);
            }
        }
        log(folder, expected, "v1-append-time", (byte) 1, "gzip", TimestampType.LOG_APPEND_TIME);
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        Files.writeString(folder.resolve("expected.json"), mapper.writeValueAsString(expected) + "\n");
    }

    // Three sets of messages with a gap before the last, and a batch of today's format behind them,
    // as an upgrade leaves it.
    static void log(Path folder, Map<String, Object> expected, String topic, byte magic, String codec,
            TimestampType type) throws Exception {
        Compression compression = Compression.of(CompressionType.forName(codec)).build();
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        List<Object> rows = new ArrayList<>();
        put(log, rows, set(magic, compression, type, 0, 5));
        put(log, rows, set(magic, compression, type, 5, 1));
        put(log, rows, set(magic, compression, type, 20, 4));
        put(log, rows, set(RecordBatch.MAGIC_VALUE_V2, Compression.NONE, TimestampType.CREATE_TIME, 24, 2));
        Path partition = folder.resolve(topic + "-0");
        Files.createDirectories(partition);
        Files.write(partition.resolve("00000000000000000000.log"), log.toByteArray());
        expected.put(topic, rows);
    }

    static MemoryRecords set(byte magic, Compression compression, TimestampType type, long base, int count) {
        try (var builder = MemoryRecords.builder(ByteBuffer.allocate(4096), magic, compression, type, base, TIME + 99)) {
            for (int i = 0; i < count; i++) {
                long n = base + i;
                long time = magic == 0 ? RecordBatch.NO_TIMESTAMP : TIME + n * 1000;
                byte[] key = n % 4 == 1 ? null : ("key " + n).getBytes(StandardCharsets.UTF_8);
                byte[] value = n % 4 == 2 ? null : ("value " + n + " again".repeat(i * 3)).getBytes(StandardCharsets.UTF_8);
                builder.append(time, n % 4 == 3 ? new byte[0] : key, n % 4 == 3 ? new byte[0] : value);
            }
            return builder.build();
        }
    }

    static void put(ByteArrayOutputStream log, List<Object> rows, MemoryRecords records) {
        ByteBuffer bytes = records.buffer().duplicate();
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        log.writeBytes(copy);
        for (RecordBatch batch : records.batches()) {
            for (Record record : batch) {
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("partition", 0);
                row.put("offset", record.offset());
                row.put("timestamp", record.timestamp());
                row.put("timestamp_type", batch.timestampType().toString());
                row.put("key", base64(record.key()));
                row.put("value", base64(record.value()));
                row.put("headers", List.of());
                rows.add(row);
            }
        }
    }

    static String base64(ByteBuffer buffer) {
        if (buffer == null) return null;
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
