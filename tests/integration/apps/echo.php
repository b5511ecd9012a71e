<?php
// What echo_wsgi.py is, as the router script of PHP's built-in server: ECHO_JOURNAL says where.
$fields = array_filter($_SERVER, fn($name) => preg_match('/^(HTTP|CONTENT)_/', $name), ARRAY_FILTER_USE_KEY);
$seen = ['method' => $_SERVER['REQUEST_METHOD'], 'ran' => strtoupper($_SERVER['REQUEST_METHOD']),
         'path' => parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), 'fields' => $fields,
         'content' => file_get_contents('php://input')];
file_put_contents(getenv('ECHO_JOURNAL'), json_encode($seen) . "\n", FILE_APPEND);
header('Content-Type: application/json');
echo json_encode($seen);
