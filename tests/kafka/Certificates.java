// Makes the keys and the certificates of tests, by the JDK's own keytool:
//
//   java --add-exports java.base/sun.security.tools.keytool=ALL-UNNAMED \
//       tests/kafka/Certificates.java FOLDER
//
// FOLDER gets ca.pem and other-ca.pem; for each of the names below NAME.pem (a certificate that `ca`
// has signed, but for `stranger`), NAME.key (its key) and NAME.both.pem (both, as Kafka wants them);
// and client.p12, whose password is `changeit`.

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

public class Certificates {
    static final char[] PASSWORD = "changeit".toCharArray();
    static Path folder;

    public static void main(String[] args) throws Exception {
        folder = Path.of(args[0]);
        for (String ca : List.of("ca", "other-ca")) {
            keytool("-genkeypair -alias " + ca + " -dname CN=" + ca + " -ext bc:c -ext ku:c=keyCertSign");
            write(ca + ".pem", pem("CERTIFICATE", store().getCertificate(ca).getEncoded()));
        }
        signed("server", "ca", "-ext san=ip:127.0.0.1,dns:localhost");
        signed("expired", "ca", "-ext san=ip:127.0.0.1,dns:localhost -startdate -30d -validity 10");
        signed("elsewhere", "ca", "-ext san=dns:elsewhere.example");
        signed("client", "ca", "");
        signed("stranger", "other-ca", "");
        KeyStore all = store(), client = KeyStore.getInstance("PKCS12");
        client.load(null, null);
        client.setKeyEntry("client", all.getKey("client", PASSWORD), PASSWORD, all.getCertificateChain("client"));
        try (var out = new FileOutputStream(folder.resolve("client.p12").toFile())) {
            client.store(out, PASSWORD);
        }
    }

    static void signed(String name, String ca, String more) throws Exception {
        keytool("-genkeypair -alias " + name + " -dname CN=" + name);
        keytool("-certreq -alias " + name + " -file " + folder.resolve("request"));
        keytool("-gencert -alias " + ca + " -infile " + folder.resolve("request") + " -outfile "
            + folder.resolve("signed") + " " + more);
        keytool("-importcert -noprompt -alias " + name + " -file " + folder.resolve("signed"));
        KeyStore store = store();
        String certificate = pem("CERTIFICATE", store.getCertificate(name).getEncoded());
        String key = pem("PRIVATE KEY", store.getKey(name, PASSWORD).getEncoded());
        write(name + ".pem", certificate);
        write(name + ".key", key);
        write(name + ".both.pem", key + certificate);
    }

    // Ends the program where it does not succeed.
    static void keytool(String words) throws Exception {
        List<String> args = new ArrayList<>(List.of(words.trim().split(" +")));
        if (words.startsWith("-genkeypair")) args.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
        args.addAll(List.of("-keystore", folder.resolve("all.p12").toString(), "-storepass", new String(PASSWORD)));
        sun.security.tools.keytool.Main.main(args.toArray(String[]::new));
    }

    static KeyStore store() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = new FileInputStream(folder.resolve("all.p12").toFile())) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    static String pem(String what, byte[] bytes) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
    }

    static void write(String name, String text) throws Exception {
        Files.writeString(folder.resolve(name), text);
    }
}
