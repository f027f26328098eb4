import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.SubmissionPublisher;
import java.util.stream.IntStream;

/** What a Java program sends by default: the first argument is the service's address, the others are bodies. */
class Client {
    static final HttpClient HTTP = HttpClient.newHttpClient(); // offers HTTP/2 with its requests

    static HttpRequest.Builder to(String url) {
        return HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json");
    }

    static void tell(String what, HttpResponse<String> answer) {
        System.out.println(what + " " + answer.statusCode() + " " + answer.version() + " " + answer.body());
    }

    /** A body of unknown length, whose second half comes a moment after the first. */
    static HttpRequest.BodyPublisher late(String body) {
        byte[] whole = body.getBytes(StandardCharsets.UTF_8);
        return HttpRequest.BodyPublishers.fromPublisher(subscriber -> {
            SubmissionPublisher<ByteBuffer> publisher = new SubmissionPublisher<>();
            publisher.subscribe(subscriber);
            new Thread(() -> {
                for (int at = 0; at < whole.length; at += whole.length / 2 + 1) {
                    try {
                        Thread.sleep(150);
                    } catch (InterruptedException stopped) {
                        return;
                    }
                    publisher.submit(ByteBuffer.wrap(whole, at, Math.min(whole.length / 2 + 1, whole.length - at)));
                }
                publisher.close();
            }).start();
        });
    }

    public static void main(String[] given) throws Exception {
        HttpResponse.BodyHandler<String> text = HttpResponse.BodyHandlers.ofString();
        String url = given[0], point = given[1], train = given[2];
        for (int number = 0; number < 3; number++) {
            HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString(point);
            tell("predict", HTTP.send(to(url + "/predict").POST(body).build(), text));
        }
        tell("late", HTTP.send(to(url + "/predict").POST(late(point)).build(), text));
        tell("train", HTTP.send(to(url + "/train").POST(HttpRequest.BodyPublishers.ofString(train)).build(), text));
        tell("get", HTTP.send(to(url + "/health/live").build(), text));
        List<Integer> several = IntStream.range(0, 20)
            .mapToObj(number -> HTTP.sendAsync(to(url + "/predict").POST(HttpRequest.BodyPublishers.ofString(point)).build(), text))
            .toList().stream().map(answer -> answer.join().statusCode()).distinct().toList();
        System.out.println("several " + several);
        HttpURLConnection old = (HttpURLConnection) new URI(url + "/predict").toURL().openConnection();
        old.setRequestProperty("Content-Type", "application/json");
        old.setDoOutput(true);
        try (OutputStream out = old.getOutputStream()) {
            out.write(point.getBytes(StandardCharsets.UTF_8));
        }
        System.out.println("old " + old.getResponseCode());
    }
}
