// What echo_wsgi.py is, for Jetty 9, run as `java EchoJetty.java`: ECHO_PORT and ECHO_JOURNAL say where.
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.stream.Collectors;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;

public class EchoJetty extends AbstractHandler {
    private final Path journal = Path.of(System.getenv("ECHO_JOURNAL"));

    private static String quote(String text) {
        return text.chars()
            .mapToObj(c -> c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : "" + (char) c)
            .collect(Collectors.joining("", "\"", "\""));
    }

    @Override
    public synchronized void handle(String target, Request base, HttpServletRequest request,
                                    HttpServletResponse response) throws IOException {
        byte[] content = request.getInputStream().readAllBytes();
        String fields = Collections.list(request.getHeaderNames()).stream()
            .map(name -> quote(name) + ": " + quote(String.join(", ", Collections.list(request.getHeaders(name)))))
            .collect(Collectors.joining(", "));
        String seen = "{\"method\": " + quote(request.getMethod()) + ", \"ran\": "
            + quote(request.getMethod().toUpperCase()) + ", \"path\": " + quote(target) + ", \"fields\": {" + fields
            + "}, \"content\": " + quote(new String(content, StandardCharsets.ISO_8859_1)) + "}";
        Files.writeString(journal, seen + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        response.setContentType("application/json");
        response.getOutputStream().write(seen.getBytes(StandardCharsets.UTF_8));
        base.setHandled(true);
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(System.getenv("ECHO_PORT"));
        Server server = new Server(new InetSocketAddress("127.0.0.1", port));
        server.setHandler(new EchoJetty());
        server.start();
        server.join();
    }
}
